"""Private engines' namespaces: started, entered, kept and removed."""
