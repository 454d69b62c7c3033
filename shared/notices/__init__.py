"""Messages to people behind a port; none to the dead (domain §10 step 10).

A message is a row first and leaves after the commit that caused it. While a stop stands for a person, what is sent to
her is kept as suppressed and never leaves, also not later.
"""

from shared.notices.port import Delivery, NoticePort, RecordingNotices
from shared.notices.service import lift, send, stop
from shared.notices.worker import NoticeWorker

__all__ = ["Delivery", "NoticePort", "NoticeWorker", "RecordingNotices", "lift", "send", "stop"]
