"""Care institutions: who they are, where, and whether they are open."""
