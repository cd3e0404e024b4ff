"""`layerfork run`: the experiment measured and judged, and `layerfork report` of what it left in files."""
