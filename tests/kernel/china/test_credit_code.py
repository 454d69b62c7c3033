"""Unified social credit codes: the vectors of domain §1.1, and the sums of the standards taken backwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.china import credit_code
from shared.china.errors import NumberError

pytestmark = pytest.mark.unit

LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VECTORS = (
    "51330903MJ1234561T",
    "52330903MJ65432168",
    "53330903MJ100001XG",
    "91330903MA2A1B2C6Q",
    "11330903002630006U",
)


def whole_is_right(code: str) -> bool:
    """GB 32100: with the check weighted 3¹⁷, everything sums to 0 modulo 31 once the check is taken as -x."""
    total, weight = 0, 1
    for char in code[:17]:
        total += LETTERS.index(char) * weight
        weight = weight * 3 % 31
    return (total + LETTERS.index(code[17])) % 31 == 0


def inner_is_right(organisation: str) -> bool:
    values = [int(char) if char.isdigit() else ord(char) - 55 for char in organisation[:8]]
    check = 10 if organisation[8] == "X" else int(organisation[8]) if organisation[8].isdigit() else -100
    weighted = 3 * values[0] + 7 * values[1] + 9 * values[2] + 10 * values[3]
    weighted += 5 * values[4] + 8 * values[5] + 4 * values[6] + 2 * values[7]
    return (weighted + check) % 11 == 0 and check >= 0


def refused(code: str) -> str:
    with pytest.raises(NumberError) as caught:
        credit_code.parse(code)
    return caught.value.code


@pytest.mark.parametrize("code", VECTORS)
def test_good_codes(code: str) -> None:
    parsed = credit_code.parse(code)
    assert parsed.code == code
    assert (parsed.kind, parsed.area6, parsed.organisation) == (code[:2], "330903", code[8:17])
    assert credit_code.parse(f" {code.lower()} ") == parsed
    assert whole_is_right(code)
    assert inner_is_right(parsed.organisation)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", "credit_code_length"),
        ("51330903MJ1234561", "credit_code_length"),
        ("51330903MJ1234561TT", "credit_code_length"),
        ("51330903MJ12345I1T", "credit_code_characters"),
        ("51330903MJ123O561T", "credit_code_characters"),
        ("513309A3MJ1234561T", "credit_code_characters"),
        ("51330903MJ12345６1T", "credit_code_characters"),
        ("51330903MJ1234562T", "credit_code_organisation"),
        ("51330903MJ1234561U", "credit_code_checksum"),
        ("52330903MJ1234561T", "credit_code_checksum"),
    ],
)
def test_bad_codes(code: str, expected: str) -> None:
    assert refused(code) == expected


KINDS = st.sampled_from(("11", "12", "51", "52", "53", "54", "91", "92"))
AREAS = st.from_regex("[0-9]{6}", fullmatch=True)
ORGANISATIONS = st.text(LETTERS, min_size=8, max_size=8)


@given(KINDS, AREAS, ORGANISATIONS)
def test_made_codes_are_good(kind: str, area6: str, organisation: str) -> None:
    code = credit_code.make(kind, area6, organisation)
    assert whole_is_right(code)
    assert inner_is_right(code[8:17])
    parsed = credit_code.parse(code)
    assert (parsed.kind, parsed.area6, parsed.organisation[:8]) == (kind, area6, organisation)


@given(KINDS, AREAS, ORGANISATIONS, st.integers(0, 17), st.sampled_from(LETTERS))
def test_the_verdict_is_that_of_both_sums(kind: str, area6: str, organisation: str, place: int, char: str) -> None:
    code = credit_code.make(kind, area6, organisation)
    changed = code[:place] + char + code[place + 1 :]
    if changed[2:8].isdigit() and whole_is_right(changed) and inner_is_right(changed[8:17]):
        assert changed == code
        assert credit_code.parse(changed).code == changed
    else:
        assert refused(changed) != "credit_code_length"


@given(st.text(max_size=20))
def test_any_text_gets_a_verdict(text: str) -> None:
    try:
        found = credit_code.parse(text).code
    except NumberError as error:
        found = error.code
    assert found.startswith("credit_code_") or whole_is_right(found)


@pytest.mark.parametrize(
    "parts", [("5", "330903", "MJ123456"), ("51", "33090X", "MJ123456"), ("51", "330903", "MI123456")]
)
def test_parts_that_do_not_fit_are_refused(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError):
        credit_code.make(*parts)
