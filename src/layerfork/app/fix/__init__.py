"""Fixes: the last fork, what a remedy would bring, and what it brings when it is built."""
