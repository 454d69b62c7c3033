"""Affairs' table of contents."""

from pathlib import Path

from shared.service import ServiceSpec

SPEC = ServiceSpec(
    name="affairs",
    title="暖心为民（身后一件事）",
    folder=Path(__file__).parent,
    rooms=[],
    calls_outside=True,
    sends_notices=True,
)
