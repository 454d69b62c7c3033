"""Consents to processing."""
