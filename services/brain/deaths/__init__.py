"""What a confirmed death means here, and its withdrawal."""
