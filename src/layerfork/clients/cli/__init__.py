"""Docker's own programs: the CLI, buildx bake, compose."""
