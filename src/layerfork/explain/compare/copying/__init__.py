"""What COPY and ADD read, of a context and of a stage, and what follows from it."""
