"""Stand-ins for secrets, and the last look for any that came to light."""
