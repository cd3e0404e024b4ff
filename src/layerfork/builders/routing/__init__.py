"""Routes the builders that a recorded command will use through recorders."""
