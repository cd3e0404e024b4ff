"""What the key models of several builders rest on."""
