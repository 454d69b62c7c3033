"""Stand-ins for parties outside the suite. They speak the agreed protocol and can be slow, down or wrong."""
