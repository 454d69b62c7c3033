"""A service that does nothing but pay."""
