"""The bank's returns file: what it says of each line, as text.

CSV in UTF-8 (with or without a byte order mark) under the header 流水号,结果,金额,原因. Every row is read by itself:
one that cannot be read is reported and the others count.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.db.problems import Invalid
from shared.money import MoneyError, parse_yuan
from shared.payments.bank import Answered, BankAnswer

HEADER = ("流水号", "结果", "金额", "原因")
MOST_ROWS = 100_000
_OUTCOMES: Mapping[str, str] = {"成功": "PAID", "失败": "RETURNED", "不明": "UNKNOWN"}
_LONGEST_REASON = 200
_DIGITS = 18

WORDS: Mapping[str, str] = {
    "unreadable": "流水号、结果或金额无法识别",
    "unknown_line": "批次中没有这个流水号",
    "repeated": "同一流水号出现多次",
    "amount_differs": "金额与发放明细不一致",
    "contradicts": "与该明细已登记的结果矛盾",
}
"""What a person reads of a row that was not taken in."""


class ReturnsFileUnreadable(Invalid):
    code = "returns_file_unreadable"
    detail = "回盘文件须为 UTF-8 编码的 CSV，首行为：流水号,结果,金额,原因"


class ReturnsFileTooLong(Invalid):
    code = "returns_file_too_long"
    detail = f"回盘文件不能超过{MOST_ROWS}行，请分开上传"


@dataclass(frozen=True, slots=True)
class Fault:
    """A row a person must look at. `row` counts from 1 below the header."""

    row: int
    cells: Sequence[str]
    code: str


@dataclass(frozen=True, slots=True)
class ReturnsFile:
    """A file as read: what can be given to the books, which row each came from, and what cannot be read."""

    cells: list[list[str]]
    given: list[BankAnswer]
    rows: list[int]
    unreadable: list[Fault]

    def faults(self, answers: Iterable[Answered]) -> list[Fault]:
        """Every row that was not taken in, in the order of the file."""
        refused = [
            Fault(row := self.rows[answer.row - 1], self.cells[row - 1], answer.verdict)
            for answer in answers
            if answer.verdict in WORDS
        ]
        return sorted([*self.unreadable, *refused], key=lambda fault: fault.row)


def read(content: bytes) -> ReturnsFile:
    """Take a file apart. Raises ReturnsFileUnreadable, ReturnsFileTooLong."""
    try:
        cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise ReturnsFileUnreadable from None
    if not cells or tuple(cell.strip() for cell in cells[0]) != HEADER:
        raise ReturnsFileUnreadable
    if len(cells) > MOST_ROWS + 1:
        raise ReturnsFileTooLong
    found = ReturnsFile(cells[1:], [], [], [])
    for number, row in enumerate(found.cells, 1):
        answer = _answer(row)
        if answer is not None:
            found.given.append(answer)
            found.rows.append(number)
        elif any(row):
            found.unreadable.append(Fault(number, row, "unreadable"))
    return found


def write_faults(faults: Sequence[Fault]) -> str:
    """The error file: the row's number and the row as it came, with what is wrong."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("行号", *HEADER, "问题"))
    for fault in faults:
        cells = [*map(_harmless, fault.cells), *[""] * len(HEADER)][: len(HEADER)]
        writer.writerow((fault.row, *cells, WORDS[fault.code]))
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet would run what begins like a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _answer(row: Sequence[str]) -> BankAnswer | None:
    if len(row) != len(HEADER):
        return None
    line, outcome, amount, reason = map(str.strip, row)
    is_number = line.isascii() and line.isdigit() and len(line) <= _DIGITS
    if not is_number or outcome not in _OUTCOMES or len(reason) > _LONGEST_REASON or "\0" in reason:
        return None
    try:
        return BankAnswer(int(line), _OUTCOMES[outcome], parse_yuan(amount) if amount else None, reason)
    except MoneyError:
        return None
