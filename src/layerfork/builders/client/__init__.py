"""What the client's own machine tells of a build: its process, its notes, its project's files."""
