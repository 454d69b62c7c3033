"""What a file is, by its first bytes; and a name fit to be stored and sent.

Allowed as of 2026-11: what scanners, counters and telephones make and what every office computer opens. Not HEIC:
telephones turn it into JPEG when a form asks for that, and office computers do not show it. Nothing that can run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_NAME = 100
UNNAMED = "材料"


@dataclass(frozen=True, slots=True)
class Media:
    """A kind of file we take: its type, the bytes it begins with, and the endings its name may have, ours first."""

    type: str
    begins: bytes
    endings: tuple[str, ...]


ALLOWED: Sequence[Media] = (
    Media("application/pdf", b"%PDF-", (".pdf",)),
    Media("image/jpeg", b"\xff\xd8\xff", (".jpg", ".jpeg")),
    Media("image/png", b"\x89PNG\r\n\x1a\n", (".png",)),
)


def recognise(content: bytes) -> Media | None:
    """What these bytes are; None when it is nothing we take."""
    return next((media for media in ALLOWED if content.startswith(media.begins)), None)


def tidy_name(said: str, media: Media) -> str:
    """The sender's name for the file, without folders and with the ending of what it is. ValueError for a name that is
    too long or has characters nobody can see."""
    name = " ".join(said.replace("\\", "/").rpartition("/")[2].split()).strip(". ") or UNNAMED
    if not name.isprintable():
        raise ValueError("invisible characters")
    if not name.lower().endswith(media.endings):
        name += media.endings[0]
    if len(name) > LONGEST_NAME:
        raise ValueError("too long")
    return name
