"""Past builds that were not recorded: where they are found, what they read, and why they missed."""
