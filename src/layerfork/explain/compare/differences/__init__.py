"""What differs between two keys, and what such a difference comes from."""
