"""Two builds side by side: which steps are shared, where they part, what follows."""
