"""Records builds: behind a proxy, or from a builder's output."""
