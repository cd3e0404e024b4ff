"""What BuildKit hashes of files: which are selected, and how."""
