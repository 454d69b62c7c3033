"""From a body on the wire to a message of the inbox. What cannot be read is kept for a human, with the reason."""

from hashlib import sha256

from pydantic import ValidationError

from shared.events.contract import Envelope
from shared.events.transport import UNREADABLE, Message

_LONGEST_BODY = 1_000_000
_LONGEST = {"id": 100, "source": 100, "type": 200, "subject": 200}
_KEPT = 100_000


def read(body: bytes) -> Message:
    """The message in a body; one with a `fault` when it is no envelope of ours."""
    if len(body) > _LONGEST_BODY:
        return _unreadable(body, f"{len(body)} bytes, {_LONGEST_BODY} are allowed")
    try:
        envelope = Envelope.read(body)
        text = body.decode()
    except ValidationError as error:
        return _unreadable(body, "no envelope: " + "; ".join(_reasons(error)[:10]))
    except UnicodeDecodeError:
        return _unreadable(body, "not UTF-8")
    for name, longest in _LONGEST.items():
        value: str = getattr(envelope, name)
        if not value or len(value) > longest or not value.isprintable() or (name != "subject" and ":" in value):
            return _unreadable(body, f"no envelope: {name} is empty, too long or holds characters it may not")
    return Message(envelope.id, envelope.type, envelope.stream, text)


def _reasons(error: ValidationError) -> list[str]:
    """Where and why, without the values: they may be about persons."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return [f"{'.'.join(map(str, one['loc']))} {one['type']}".strip() for one in found]


def _unreadable(body: bytes, reason: str) -> Message:
    """Named by its content, so that a second delivery is the same one."""
    name = f"{UNREADABLE}:{sha256(body).hexdigest()}"
    text = body[:_KEPT].decode("utf-8", "backslashreplace").replace("\0", "\\0")
    return Message(name, UNREADABLE, name, text, fault=reason)
