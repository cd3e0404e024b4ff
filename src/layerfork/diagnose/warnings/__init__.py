"""What is wrong without being a miss: stale hits, contradictions; and what cannot matter."""
