"""Which step of the reader is which step of the writer."""
