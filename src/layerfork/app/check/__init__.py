"""`layerfork check`: the gate, and the forks that it lets pass."""
