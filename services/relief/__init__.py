"""Relief (精准助民): households, their benefits, and what a death means for both."""
