"""Which builds share every step, and which build belongs to whose class."""
