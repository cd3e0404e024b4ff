"""What a machine has, and the settings in force on it."""
