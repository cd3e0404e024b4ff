"""What an engine is asked through its API."""
