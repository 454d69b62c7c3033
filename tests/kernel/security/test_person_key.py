"""The person key is the same everywhere, opaque, and made from checked numbers only."""

from base64 import b32encode
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.china import resident_id
from shared.china.errors import NumberError
from shared.ids import is_person_id
from shared.security.crypto import hmac_sm3
from shared.security.person_key import PersonKey, random_person_id

pytestmark = pytest.mark.unit

KEY = bytes(range(32))


@given(st.dates(date(1920, 1, 1), date(2020, 12, 31)), st.integers(0, 999))
def test_is_the_truncated_keyed_digest(birth: date, sequence: int) -> None:
    number = resident_id.make("330999", birth, sequence)
    person_id = PersonKey(KEY).id_for(number)
    assert is_person_id(person_id)
    assert person_id == "p1" + b32encode(hmac_sm3(KEY, number.encode())).decode().lower()[:25] + person_id[-1]
    assert PersonKey(KEY).id_for(resident_id.parse(number)) == person_id
    assert PersonKey(bytes(32)).id_for(number) != person_id


def test_one_person_however_typed() -> None:
    key = PersonKey(KEY)
    assert key.id_for("33099919450815009X") == key.id_for(" 33099919450815009x ")


def test_stays_what_it_was() -> None:
    """Stored in six databases and never recomputed: a changed derivation would lose everyone."""
    assert PersonKey(KEY).id_for("330999195001010017") == "p1r3e55lhpn3kbtyuiadfo2dw4yu"


@pytest.mark.parametrize("number", ["330999195001010015", "330999193802290021", "33099919500101001", ""])
def test_a_wrong_number_makes_no_person(number: str) -> None:
    with pytest.raises(NumberError):
        PersonKey(KEY).id_for(number)


def test_random_ids_have_the_same_form_and_never_repeat() -> None:
    ids = {random_person_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert all(is_person_id(person_id) for person_id in ids)
