"""Charity's table of contents."""

from pathlib import Path

from shared.service import ServiceSpec

SPEC = ServiceSpec(name="charity", title="善行益民", folder=Path(__file__).parent, rooms=[], subscriptions=[])
