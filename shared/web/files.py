"""Files over HTTP: the body is the file itself, its name travels in a header, and it leaves as a download.

Not a form of parts: the body limit then holds for exactly the file, and nothing is parsed before it is known who calls.
A name stands in no address, for addresses are logged and people name files after people.
"""

from datetime import datetime
from typing import Annotated, Any, Self
from urllib.parse import quote, unquote_to_bytes

from fastapi import Depends, Header, Request
from starlette.responses import Response

from shared.db.unit import UnitOfWork
from shared.files import ALLOWED, Files, StoredFile
from shared.files.service import FileNameRefused
from shared.web.wire import Wire

_BINARY = {media.type: {"schema": {"type": "string", "format": "binary"}} for media in ALLOWED}

FILE_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": _BINARY}}
"""`openapi_extra` of a route that takes a file."""

FILE_ANSWER: dict[int | str, dict[str, Any]] = {200: {"description": "文件内容", "content": _BINARY}}
"""`responses` of a route that gives one out."""


async def _content(request: Request) -> bytes:
    return await request.body()


def _name(x_file_name: Annotated[str, Header(max_length=1000, description="文件名，UTF-8 百分号编码")] = "") -> str:
    try:
        return unquote_to_bytes(x_file_name.encode("latin-1")).decode()
    except UnicodeError:
        raise FileNameRefused(field="fileName") from None


FileContent = Annotated[bytes, Depends(_content)]
"""Endpoint parameter: the body as it came."""

FileName = Annotated[str, Depends(_name)]
"""Endpoint parameter: what the sender calls the file, from the header `X-File-Name` (UTF-8, percent-encoded); '' if
she does not say."""


class FileKept(Wire):
    """The file that was handed in (201), or the one with the same content that is there already (200)."""

    file_id: str
    media_type: str
    size: int
    is_new: bool


class FileItem(Wire):
    """One file of a list. `digest` is the SM3 of its content, hexadecimal."""

    file_id: str
    kind: str
    name: str
    media_type: str
    size: int
    digest: str
    given_by: str
    given_at: datetime

    @classmethod
    def of(cls, unit: UnitOfWork, file: StoredFile) -> Self:
        """From the row."""
        return cls(
            file_id=file.id,
            kind=file.kind,
            name=Files.name_of(unit, file),
            media_type=file.media_type,
            size=file.size,
            digest=file.digest.hex(),
            given_by=file.given_by,
            given_at=file.given_at,
        )


def file_answer(unit: UnitOfWork, file: StoredFile, content: bytes) -> Response:
    """The file as a download: of the type its content has, not shown inside a page of ours, kept by nobody between."""
    name = Files.name_of(unit, file)
    ending = name.rpartition(".")[2]
    headers = {
        # RFC 6266: an ASCII name for old readers, the real one as RFC 8187 writes it
        "Content-Disposition": f"attachment; filename=\"{file.id}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=file.media_type, headers=headers)
