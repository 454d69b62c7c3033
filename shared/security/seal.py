"""The seal of the audit log: rows chained into blocks with SM3, the chain signed once a day. Pure functions.

What the verifier (`tools/verify_audit.py`, which shares no code with this file) reads is an **export**: a
text file, UTF-8, one JSON object a line, each line written canonically (see `canonical`):

    {"kind":"row","row":{"id":…,"tx":…, …}}           every column of the audit row that is not null
    {"kind":"block","block":{"number":1,"first":{"id":…,"tx":…},"last":{…},"count":2,"row_ids":[…],
                             "row_digests":[hex …],"previous":hex,"digest":hex}}
    {"kind":"root","root":{"day":"2026-03-01","block":7,"block_digest":hex,"kid":…,"signature":hex}}

Kinds may be mixed; among its own kind each line stands in order: rows as sealed (rows not yet sealed last),
blocks by number, roots by day. Beside it goes the public key file:

    {"keys":[{"kid":…,"service":"relief","public_key":hex}]}

Digests (SM3, 32 bytes):
    row    "puyou.audit.row.v1\\n" + canonical(row without its null columns)
    block  "puyou.audit.block.v1\\n" + canonical(block without "digest"); before block 1 stand 32 zero bytes
    root   Ed25519 over "puyou.audit.root.v1\\n" + canonical(root without "signature")

Null columns are left out so that a column added later does not change the digests of older rows. The order
in a block is that of (tx, id): tx as a number, id by code point (COLLATE "C"). What a seal can show ends
with the last root: rows and blocks after it could be cut off unseen, so keep the roots (or a copy of them)
elsewhere too. 等保 8.1.4.3.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Self

from shared.security.crypto import DIGEST_BYTES, sm3
from shared.security.keys import ServiceKeys, SigningKeys

_ROW_TAG: Final = b"puyou.audit.row.v1\n"
_BLOCK_TAG: Final = b"puyou.audit.block.v1\n"
_ROOT_TAG: Final = b"puyou.audit.root.v1\n"
_GENESIS: Final = bytes(DIGEST_BYTES)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowKey:
    """The place of a row in the order of sealing."""

    tx: int
    id: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """The key of a row; ValueError when `tx` or `id` is not as the export wants it."""
        tx, row_id = row["tx"], row["id"]
        if type(tx) is not int or not isinstance(row_id, str) or not row_id:
            raise ValueError("an audit row needs a number `tx` and a text `id`")
        return cls(tx, row_id)

    def as_json(self) -> dict[str, Any]:
        """For the export."""
        return {"tx": self.tx, "id": self.id}


@dataclass(frozen=True, slots=True)
class Block:
    """A sealed run of rows. `number` counts from 1; digests are 32 bytes."""

    number: int
    first: RowKey
    last: RowKey
    row_ids: tuple[str, ...]
    row_digests: tuple[bytes, ...]
    previous: bytes
    digest: bytes

    @property
    def count(self) -> int:
        """How many rows it seals."""
        return len(self.row_ids)

    def as_json(self) -> dict[str, Any]:
        """JSON value to store and to export; `from_json` takes it back."""
        return _block_body(self) | {"digest": self.digest.hex()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """A block as stored. It is not verified here."""
        return cls(
            number=content["number"],
            first=RowKey(**content["first"]),
            last=RowKey(**content["last"]),
            row_ids=tuple(content["row_ids"]),
            row_digests=tuple(bytes.fromhex(digest) for digest in content["row_digests"]),
            previous=bytes.fromhex(content["previous"]),
            digest=bytes.fromhex(content["digest"]),
        )


@dataclass(frozen=True, slots=True)
class Root:
    """The signed end of the chain at a business day."""

    day: date
    block: int
    block_digest: bytes
    kid: str
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """JSON value to store and to export; `from_json` takes it back."""
        return _root_body(self.day, self.block, self.block_digest, self.kid) | {"signature": self.signature.hex()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """A root as stored. It is not verified here."""
        return cls(
            day=date.fromisoformat(content["day"]),
            block=content["block"],
            block_digest=bytes.fromhex(content["block_digest"]),
            kid=content["kid"],
            signature=bytes.fromhex(content["signature"]),
        )


def canonical(value: Any) -> bytes:
    """The one way to write a JSON value: keys sorted by code point, no blanks, UTF-8, shortest floats.

    TypeError for anything that is not JSON (turn instants and dates into ISO texts first), ValueError for
    NaN, infinities and lone surrogates.
    """
    _check_json(value)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def row_digest(row: Row) -> bytes:
    """SM3 of an audit row. Give all its columns, but none that is written after the row was sealed."""
    return sm3(_ROW_TAG + canonical(_without_nulls(row)))


def seal_block(previous: Block | None, rows: Sequence[Row]) -> Block:
    """The next block of the chain, over these rows in the order of (tx, id), however they are given."""
    if not rows:
        raise ValueError("a block seals at least one row")
    ordered = sorted(((RowKey.of(row), row) for row in rows), key=lambda pair: (pair[0].tx, pair[0].id))
    ids = tuple(key.id for key, _ in ordered)
    if len(set(ids)) != len(ids):
        raise ValueError("a row is given twice")
    unsealed = Block(
        number=previous.number + 1 if previous else 1,
        first=ordered[0][0],
        last=ordered[-1][0],
        row_ids=ids,
        row_digests=tuple(row_digest(row) for _, row in ordered),
        previous=previous.digest if previous else _GENESIS,
        digest=b"",
    )
    return replace(unsealed, digest=sm3(_BLOCK_TAG + canonical(_block_body(unsealed))))


def sign_root(day: date, last_block: Block, key: SigningKeys) -> Root:
    """Sign the chain up to `last_block`, the last one when `day` ended (or when an export is made)."""
    body = _root_body(day, last_block.number, last_block.digest, key.current)
    return Root(
        day=day,
        block=last_block.number,
        block_digest=last_block.digest,
        kid=key.current,
        signature=key.sign(_ROOT_TAG + canonical(body)),
    )


def export_lines(rows: Iterable[Row], blocks: Iterable[Block], roots: Iterable[Root]) -> Iterator[str]:
    """The lines of an export, each with its line end. Give each kind in its order (see above)."""
    for row in rows:
        yield _line("row", _without_nulls(row))
    for block in blocks:
        yield _line("block", block.as_json())
    for root in roots:
        yield _line("root", root.as_json())


def public_key_file(keys: Iterable[ServiceKeys]) -> str:
    """The text of the public key file for the audit seals of these services. It holds no secret."""
    entries = [
        {"kid": kid, "service": view.service, "public_key": public.hex()}
        for view in keys
        for kid, public in view.audit_keys.public.items()
    ]
    return json.dumps({"keys": entries}, indent=2) + "\n"


def _block_body(block: Block) -> dict[str, Any]:
    return {
        "number": block.number,
        "first": block.first.as_json(),
        "last": block.last.as_json(),
        "count": block.count,
        "row_ids": list(block.row_ids),
        "row_digests": [digest.hex() for digest in block.row_digests],
        "previous": block.previous.hex(),
    }


def _root_body(day: date, block: int, block_digest: bytes, kid: str) -> dict[str, Any]:
    return {"day": day.isoformat(), "block": block, "block_digest": block_digest.hex(), "kid": kid}


def _line(kind: str, value: Mapping[str, Any]) -> str:
    return canonical({"kind": kind, kind: value}).decode() + "\n"


def _without_nulls(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _check_json(value: Any) -> None:
    # json.dumps would quietly turn tuples into lists and numbers as keys into texts: two values, one writing.
    if isinstance(value, dict):
        for key, inner in value.items():
            if type(key) is not str:
                raise TypeError(f"a key of type {type(key).__name__} is not JSON")
            _check_json(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_json(inner)
    elif value is not None and type(value) not in (str, int, float, bool):
        raise TypeError(f"a {type(value).__name__} is not JSON")
