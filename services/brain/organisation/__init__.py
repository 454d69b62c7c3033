"""Units of five levels and the posts in them, dated."""
