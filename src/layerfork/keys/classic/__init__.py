"""Keys of the classic builder."""
