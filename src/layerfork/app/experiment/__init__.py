"""The experiment: scenarios and relays planned, built, judged, and compared between two runs."""
