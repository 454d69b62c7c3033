"""Administrative divisions, dated."""
