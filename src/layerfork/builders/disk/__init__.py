"""A recorded context, looked up where it lies on disk."""
