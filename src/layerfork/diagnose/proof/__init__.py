"""Claims about a fork, put to proof."""
