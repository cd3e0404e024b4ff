"""What leads a command's builds to the recorder, and what leads past it."""
