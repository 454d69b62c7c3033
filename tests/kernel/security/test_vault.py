"""A sealed field opens in its own place and nowhere else, also while keys are being rotated."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel

from shared.security.crypto import TamperedError
from shared.security.keys import Keyring
from shared.security.vault import SealBrokenError, Vault

pytestmark = pytest.mark.unit

RING = Keyring.generate(dev=True)
VAULT = Vault(RING.for_service("relief"), "relief")
NUMBER = "330999195001010017"
ROW = "0197a2f4-0000-7000-8000-000000000001"

places = st.tuples(
    st.sampled_from(["relief", "brain"]),
    st.sampled_from(["person", "household", "person_alias"]),
    st.sampled_from(["name", "id_number", "id"]),
    st.text(min_size=1, max_size=40),
)


def vault_of(service: str, ring: Keyring = RING) -> Vault:
    return Vault(ring.for_service(service), service)


@given(st.text(), places, places)
def test_opens_only_in_its_place(text: str, here: tuple[Any, ...], there: tuple[Any, ...]) -> None:
    service, table, field, row_id = here
    blob = vault_of(service).seal(table, field, row_id, text)
    assert vault_of(service).open(table, field, row_id, blob) == text
    if here != there:
        with pytest.raises(SealBrokenError):
            vault_of(there[0]).open(there[1], there[2], there[3], blob)


@given(st.text(max_size=30), st.data())
def test_any_changed_bit_is_found(text: str, data: st.DataObject) -> None:
    blob = bytearray(VAULT.seal("person", "name", ROW, text))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBrokenError):
        VAULT.open("person", "name", ROW, bytes(blob))


def test_a_table_class_stands_for_its_name() -> None:
    class Person(SQLModel):
        __tablename__ = "person"

    blob = VAULT.seal(Person, "name", ROW, "张三")
    assert VAULT.open("person", "name", ROW, blob) == "张三"


def test_the_form_of_a_sealed_value() -> None:
    blob = VAULT.seal("person", "id_number", ROW, NUMBER)
    assert len(blob) == len(NUMBER) + 31
    assert blob[:3] == bytes((1, 0, 1))
    assert NUMBER.encode() not in blob
    assert VAULT.seal("person", "id_number", ROW, NUMBER) != blob


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + bytes(40), NUMBER.encode()])
def test_what_is_no_sealed_value_is_refused(blob: bytes) -> None:
    with pytest.raises(SealBrokenError):
        VAULT.open("person", "id_number", ROW, blob)
    with pytest.raises(SealBrokenError):
        VAULT.needs_reseal(blob)


def test_names_cannot_run_into_each_other() -> None:
    with pytest.raises(ValueError):
        VAULT.seal("person.name", "x", ROW, "")
    with pytest.raises(ValueError):
        VAULT.seal("person", "name.x", ROW, "")
    with pytest.raises(ValueError):
        VAULT.index("name.x", "")
    with pytest.raises(ValueError):
        Vault(RING.for_service("relief"), "brain")


def test_every_field_has_a_key_of_its_own() -> None:
    """Random nonces bound how much one key may seal; a key per field keeps every field far below."""
    sealed = VAULT._make_cipher(1, "relief.person.name").seal(b"text", b"same context")
    with pytest.raises(TamperedError):
        VAULT._make_cipher(1, "relief.person.phone").open(sealed, b"same context")


def test_rotating_the_field_key_online() -> None:
    old = VAULT.seal("person", "id_number", ROW, NUMBER)
    ring = RING.added("field_keys")
    learnt = vault_of("relief", ring)
    assert not learnt.needs_reseal(old)
    rotated_ring = ring.switched("field_keys")
    rotated = vault_of("relief", rotated_ring)
    assert rotated.needs_reseal(old)
    assert rotated.open("person", "id_number", ROW, old) == NUMBER
    new = rotated.reseal("person", "id_number", ROW, old)
    assert not rotated.needs_reseal(new)
    assert learnt.open("person", "id_number", ROW, new) == NUMBER  # a process not yet switched
    with pytest.raises(SealBrokenError, match="key 2"):
        VAULT.open("person", "id_number", ROW, new)  # one that never learnt the key
    dropped = vault_of("relief", rotated_ring.dropped("field_keys"))
    assert dropped.open("person", "id_number", ROW, new) == NUMBER
    with pytest.raises(SealBrokenError, match="key 1"):
        dropped.open("person", "id_number", ROW, old)
    with pytest.raises(SealBrokenError):
        rotated.reseal("person", "id_number", ROW + "x", old)


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_index_is_equality_and_nothing_else(one: str, other: str) -> None:
    assert (VAULT.index("id_number", one) == VAULT.index("id_number", other)) is (one == other)
    assert VAULT.index("id_number", one) != VAULT.index("phone", one)
    assert VAULT.index("id_number", one) != vault_of("brain").index("id_number", one)


def test_rotating_the_index_key_online() -> None:
    old = VAULT.index("id_number", NUMBER)
    ring = RING.added("index_keys").switched("index_keys")
    rotated = vault_of("relief", ring)
    new = rotated.index("id_number", NUMBER)
    assert rotated.indexes("id_number", NUMBER) == [new, old]
    assert rotated.needs_reindex(old)
    assert not rotated.needs_reindex(new)
    assert vault_of("relief", ring.dropped("index_keys")).indexes("id_number", NUMBER) == [new]
    assert len(new) == 34
