"""How far two builds can be compared, and whether they can share a cache at all."""
