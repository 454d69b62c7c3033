"""Loads the workshop's pytest plugins; fixtures live in tests/conftest.py."""

import pytest

pytest.register_assert_rewrite("tests.cascades")  # it asserts for several tests

pytest_plugins = ("tools.proofs", "tests.broker", "tests.shifts")
