"""The death case as a file: who, where, since when, and how it stands. What is decided about it is in `deaths`."""
