"""What this machine can run, and getting it ready."""
