"""Relays: several clients in order on one engine and one clean cache."""
