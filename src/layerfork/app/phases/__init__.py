"""Builds the phases of scenarios, one after the other, each client on a clean cache of its own."""
