"""Where commands run: directories, client environments, served contexts."""
