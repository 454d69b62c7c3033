"""Calls to the outside (police, social security, banks …): a row first, then a worker with time-out, retry, back-off
and a manual queue (design §5). A reaction never waits for another house."""

from shared.outgoing.port import Answer, Outside, Refused, TemporarilyAway
from shared.outgoing.service import CallOutcome, cancel_calls, on_call, place_call, retry_call
from shared.outgoing.worker import CallWorker

__all__ = [
    "Answer",
    "CallOutcome",
    "CallWorker",
    "Outside",
    "Refused",
    "TemporarilyAway",
    "cancel_calls",
    "on_call",
    "place_call",
    "retry_call",
]
