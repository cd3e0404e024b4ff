"""What commands run in: directories, client environments, served contexts."""
