"""`layerfork why`: the builds of a command beside earlier ones that they could have reused."""
