"""Mobile telephone numbers of the mainland: eleven digits, the first 1, the second 3 to 9."""

from __future__ import annotations

import re

from shared.china.errors import NumberError

_FORM = re.compile("1[3-9][0-9]{9}")


def parse(number: str) -> str:
    """Check a number as typed, blanks around it accepted. Raises NumberError: `mobile_format`."""
    number = number.strip()
    if not _FORM.fullmatch(number):
        raise NumberError("mobile_format", "手机号码应为11位数字，以13至19开头")
    return number
