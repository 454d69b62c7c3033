"""Unified social credit codes (统一社会信用代码), GB 32100-2015, around organisation codes (GB 11714-1997).

One character of registering authority, one of entity class, six digits of area, nine of organisation code,
one check character. The alphabet leaves out I, O, S, V and Z.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.china.errors import NumberError

LENGTH = 18

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_FORM = re.compile(f"[{_ALPHABET}]{{2}}[0-9]{{6}}[{_ALPHABET}]{{10}}")

_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class CreditCode:
    """A checked code in upper case, with its parts."""

    code: str

    @property
    def kind(self) -> str:
        """Authority and class: "11" organ, "12" public institution, "51" social association, "52" private
        non-enterprise unit, "53" foundation, "91" enterprise, "92" individual business, …"""
        return self.code[:2]

    @property
    def area6(self) -> str:
        """The area of registration."""
        return self.code[2:8]

    @property
    def organisation(self) -> str:
        """The nine-character organisation code."""
        return self.code[8:17]


def check_character(body: str) -> str:
    """The check character for the first 17 characters."""
    total = sum(_ALPHABET.index(char) * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def organisation_check_character(body: str) -> str:
    """The check character for the first eight characters of an organisation code."""
    # int(_, 36) is the standard's own reading: digits as they are, A = 10 … Z = 35.
    total = sum(int(char, 36) * weight for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def parse(code: str) -> CreditCode:
    """Check a code as typed: small letters and blanks around it are accepted.

    Raises NumberError: `credit_code_length`, `credit_code_characters`, `credit_code_organisation`,
    `credit_code_checksum`.
    """
    code = code.strip()
    if len(code) != LENGTH:
        raise NumberError("credit_code_length", "统一社会信用代码应为18位")
    code = code.upper()
    if not _FORM.fullmatch(code):
        raise NumberError(
            "credit_code_characters",
            "统一社会信用代码应由数字和大写字母组成（不含I、O、S、V、Z），第3至8位应为数字",
        )
    if organisation_check_character(code[8:16]) != code[16]:
        raise NumberError("credit_code_organisation", "统一社会信用代码中的主体标识码校验位不正确")
    if check_character(code[:17]) != code[17]:
        raise NumberError("credit_code_checksum", "统一社会信用代码校验位不正确，请核对是否输入有误")
    return CreditCode(code)


def make(kind: str, area6: str, organisation8: str) -> str:
    """The valid code with these parts: authority and class, area, organisation code without its check."""
    body = f"{kind}{area6}{organisation8}{organisation_check_character(organisation8)}"
    if not re.fullmatch(f"[{_ALPHABET}]{{2}}[0-9]{{6}}[{_ALPHABET}]{{9}}", body):
        raise ValueError(f"not the parts of a credit code: {kind!r}, {area6!r}, {organisation8!r}")
    return body + check_character(body)
