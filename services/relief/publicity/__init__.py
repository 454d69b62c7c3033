"""Public notices (公示): what the village reads, for how long, and what was said against it."""
