"""Bodies from the wire: an envelope, or kept for a human with a reason that names nobody."""

import json

import pytest

from shared.events.rabbit.reading import read

GOOD = {
    "specversion": "1.0", "id": "0198", "source": "affairs", "type": "affairs.death.confirmed.v1", "subject": "p1",
    "time": "2026-11-27T08:00:00Z", "data": {"personId": "p1"},
}  # fmt: skip

pytestmark = pytest.mark.unit


def test_an_envelope_is_kept_to_the_byte():
    body = json.dumps(GOOD, ensure_ascii=False).encode()
    message = read(body)
    assert (message.id, message.type, message.stream) == ("0198", "affairs.death.confirmed.v1", "affairs|p1")
    assert (message.envelope, message.fault) == (body.decode(), "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"null",
        b"{}",
        b'{"id": "1"',
        json.dumps(GOOD | {"id": 7}).encode(),
        json.dumps(GOOD | {"id": ""}).encode(),
        json.dumps(GOOD | {"id": "x" * 101}).encode(),
        json.dumps(GOOD | {"id": "a\0b"}).encode(),
        json.dumps(GOOD | {"subject": "\ud800"}).encode(),
        json.dumps(GOOD | {"subject": "x" * 5000}).encode(),
        json.dumps(GOOD | {"data": "张三 330999199001010018"}).encode(),
        json.dumps(GOOD | {"time": "soon"}).encode(),
        json.dumps(GOOD | {"data": {"long": "x" * 1_000_000}}).encode(),
        json.dumps(GOOD | {"type": "timer:claim.old"}).encode(),
        json.dumps(GOOD | {"id": "timer:claim.old/b1"}).encode(),
    ],
    ids=lambda body: body[:12].hex() + f"-{len(body)}",
)
def test_anything_else_is_unreadable_and_says_why(body: bytes):
    message = read(body)
    assert message.type == "unreadable"
    assert message.fault
    assert "330999" not in message.fault
    assert len(message.envelope) <= 400_000
    assert "\0" not in message.envelope
    assert read(body) == message
    assert len(message.id) <= 100
