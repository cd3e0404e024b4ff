"""What travels through a BuildKit session: contexts, and calls that carry secrets."""
