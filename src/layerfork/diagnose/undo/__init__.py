"""The changes that undo a cause: what the reader's build would have to be like for the cause to be gone."""
