"""Steps of a BuildKit build: vertices put back under their instructions."""
