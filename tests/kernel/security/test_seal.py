"""Canonical bytes, and the chain as it is built. That any change is found is proved in test_verify_audit.py."""

import json
import random
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from shared.security.crypto import sm3
from shared.security.keys import Keyring
from shared.security.seal import Block, Root, canonical, row_digest, seal_block, sign_root

pytestmark = pytest.mark.unit

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1, 1.0, True and -0.0 apart."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


@given(values, values)
def test_canonical_tells_values_apart_and_nothing_else(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) is same(one, other)
    assert same(json.loads(canonical(one)), one)


@given(st.dictionaries(st.text(), values), st.randoms())
def test_the_order_of_columns_does_not_matter(row: dict[str, Any], chance: random.Random) -> None:
    columns = list(row.items())
    chance.shuffle(columns)
    assert row_digest(dict(columns)) == row_digest(row)


def test_canonical_form() -> None:
    assert canonical({"b": [1, 2.5, None, True], "a": "张\n", "é": {}}).decode() == (
        '{"a":"张\\n","b":[1,2.5,null,true],"é":{}}'
    )


@pytest.mark.parametrize("value", [datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 2), b"x", (1,), {1: 2}, {1}])
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical([{"x": value}])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_has_no_writing_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_a_column_added_later_leaves_old_rows_alone() -> None:
    row = {"id": "a", "tx": 7, "detail": {"x": None}}
    assert row_digest(row | {"new_column": None}) == row_digest(row)
    assert row_digest(row | {"new_column": ""}) != row_digest(row)
    assert row_digest(row | {"detail": {}}) != row_digest(row)  # only columns, nothing inside them


def rows(*keys: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"tx": tx, "id": row_id, "action": f"{tx}/{row_id}"} for tx, row_id in keys]


def test_a_row_digest_by_hand() -> None:
    assert row_digest({"tx": 7, "id": "a", "none": None}) == sm3(b'puyou.audit.row.v1\n{"id":"a","tx":7}')


@given(st.lists(st.tuples(st.integers(0, 99), st.text(min_size=1)), min_size=1, unique_by=lambda k: k[1]))
def test_rows_are_sealed_by_transaction_and_id(keys: list[tuple[int, str]]) -> None:
    block = seal_block(None, rows(*keys))
    ordered = sorted(keys)
    assert block.row_ids == tuple(row_id for _, row_id in ordered)
    assert block.row_digests == tuple(row_digest(row) for row in rows(*ordered))
    assert (block.first.tx, block.first.id) == ordered[0]
    assert (block.last.tx, block.last.id) == ordered[-1]
    assert block.count == len(keys)
    assert Block.from_json(json.loads(json.dumps(block.as_json()))) == block


def test_transactions_are_numbers() -> None:
    assert seal_block(None, rows((10, "a"), (9, "b"))).row_ids == ("b", "a")


def test_blocks_hang_together() -> None:
    first = seal_block(None, rows((1, "a")))
    second = seal_block(first, rows((2, "b")))
    assert (first.number, second.number) == (1, 2)
    assert first.previous == bytes(32)
    assert second.previous == first.digest
    assert seal_block(seal_block(None, rows((1, "x"))), rows((2, "b"))).digest != second.digest
    content = second.as_json()
    digest = content.pop("digest")
    assert digest == sm3(b"puyou.audit.block.v1\n" + canonical(content)).hex()


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [{"tx": 1, "id": "a"}, {"tx": 2, "id": "a"}],
        [{"tx": "1", "id": "a"}],
        [{"tx": True, "id": "a"}],
        [{"tx": 1, "id": 5}],
        [{"tx": 1, "id": ""}],
    ],
)
def test_what_cannot_be_sealed(wrong: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError):
        seal_block(None, wrong)


def test_a_root_signs_day_and_chain() -> None:
    keys = Keyring.generate(dev=True).for_service("relief", seals_audit=True).audit_keys
    block = seal_block(None, rows((1, "a")))
    root = sign_root(date(2026, 3, 1), block, keys)
    assert Root.from_json(json.loads(json.dumps(root.as_json()))) == root
    signed = b'puyou.audit.root.v1\n{"block":1,"block_digest":"%b","day":"2026-03-01","kid":"%b"}' % (
        block.digest.hex().encode(),
        keys.current.encode(),
    )
    Ed25519PublicKey.from_public_bytes(keys.public[root.kid]).verify(root.signature, signed)
