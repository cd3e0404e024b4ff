"""Keys of BuildKit."""
