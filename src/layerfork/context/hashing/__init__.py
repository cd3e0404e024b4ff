"""Content digests of a context's files, read once and remembered."""
