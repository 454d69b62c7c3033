"""Files that belong to a row: evidence, certificates, photographs (design §3).

What a file is is found in its bytes, never taken from who sends it. Name and content are sealed before they reach the
store, which sits behind a port. The same bytes handed in twice for one owner are one file.
"""

from shared.files.media import ALLOWED, Media
from shared.files.service import FileDamaged, FileEmpty, FileRefused, Files, Owner, StoredFile
from shared.files.store import DatabaseStore, FileStore

__all__ = [
    "ALLOWED",
    "DatabaseStore",
    "FileDamaged",
    "FileEmpty",
    "FileRefused",
    "FileStore",
    "Files",
    "Media",
    "Owner",
    "StoredFile",
]
