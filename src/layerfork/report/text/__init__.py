"""Output for a person at a terminal: a module for kinds of reports that belong together."""
