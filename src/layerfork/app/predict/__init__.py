"""Predictions: what would be sent, what a cache holds, and what is said of each step."""
