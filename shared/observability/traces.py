"""`traceparent` travels whole through outbox and inbox; people are shown its trace id."""


def trace_id_of(traceparent: str) -> str:
    """The 32 hexadecimal digits of a W3C traceparent; anything else as it is."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else traceparent
