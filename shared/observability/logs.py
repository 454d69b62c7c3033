"""JSON lines on standard error, with trace ids and never personal data: numbers of people and phones are masked
wherever they slip into a message."""

import json
import logging
import re
import sys
from typing import Any

from shared import clock

_RESIDENT_ID = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?![\dXx])")
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_ROW = re.compile(r"DETAIL: .*?(?=\n\[SQL|\nHINT:|\nCONTEXT:|\n\n|\n\S*Error\b|\Z)", re.DOTALL)
READY = "is_json_lines"  # an extra that says: the message is such lines already, and nothing in it needs masking
_OWN = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def masked(text: str) -> str:
    """The text without readable ID and phone numbers."""
    return _PHONE.sub(r"\1****\2", _RESIDENT_ID.sub(r"\1********\2", text))


def without_rows(error: str) -> str:
    """A traceback without what PostgreSQL quotes of the row it is about ("Failing row contains …")."""
    return masked(_ROW.sub("DETAIL: (hidden)", error))


class JsonLines(logging.Formatter):
    """One record, one line."""

    def format(self, record: logging.LogRecord) -> str:
        """`{time, level, logger, message, …extra, error?}`."""
        if READY in record.__dict__:
            return record.getMessage()
        line: dict[str, Any] = {
            "time": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in record.__dict__.items() if key not in _OWN})
        if record.exc_info:
            line["error"] = without_rows(self.formatException(record.exc_info))
        return masked(json.dumps(line, ensure_ascii=False, default=str))


def configure_logs(level: str = "INFO") -> None:
    """Send everything to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn.access").disabled = True
