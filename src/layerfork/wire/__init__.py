"""What passes between a build client and an engine: forwarded unchanged, decoded from a copy."""
