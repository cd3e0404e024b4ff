"""What the engine tells of a build that it made."""
