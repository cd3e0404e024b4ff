"""`layerfork diff`: recorded builds side by side, and the answers to their forks."""
