"""One thing (一件事): long work across departments as versioned definitions and append-only actions (design §6)."""
