"""Loads the workshop's pytest plugins; fixtures live in tests/conftest.py."""

pytest_plugins = ("tools.proofs", "tests.broker")
