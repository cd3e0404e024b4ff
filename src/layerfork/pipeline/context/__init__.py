"""`layerfork pack`: canonical context tars, and what clients send instead."""
