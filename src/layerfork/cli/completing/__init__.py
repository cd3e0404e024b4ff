"""What a shell offers after TAB. Imported only when a shell asks."""
