"""What is due, what corrects a month, which steps are allowed: tables, and properties against a second writing."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments import months
from shared.payments.rules import (
    OUTCOMES,
    STEPS,
    Amount,
    ApproverIsMaker,
    BatchInWrongState,
    BatchState,
    LineState,
    Position,
    ReleaserIsApprover,
    correct,
    due,
    may_approve,
    may_release,
    step,
    verdict,
)


def month(number: int) -> date:
    return months.plus(date(2025, 1, 1), number)


JAN, FEB, MAR, APR, MAY = map(month, range(5))


@pytest.mark.parametrize(
    ("asked", "amounts", "ends", "fen"),
    [
        (JAN, [Amount(FEB, 81000)], [], 0),  # paid from the month after approval (ZJ-SA 56)
        (FEB, [Amount(FEB, 81000)], [], 81000),
        (APR, [Amount(FEB, 81000)], [], 81000),
        (MAR, [Amount(FEB, 81000), Amount(APR, 87200)], [], 81000),  # the standard rises in April
        (APR, [Amount(FEB, 81000), Amount(APR, 87200)], [], 87200),
        (MAR, [Amount(FEB, 81000), Amount(APR, 87200), Amount(FEB, 41000)], [], 41000),  # corrected from February
        (APR, [Amount(FEB, 81000), Amount(APR, 87200), Amount(FEB, 41000)], [], 87200),
        (MAR, [Amount(FEB, 81000)], [APR], 81000),  # ends with the month of death
        (APR, [Amount(FEB, 81000)], [APR], 0),
        (MAR, [Amount(FEB, 81000)], [date(2025, 3, 15)], 81000),  # the day of death: March is still due
        (APR, [Amount(FEB, 81000)], [date(2025, 3, 15)], 0),
        (APR, [Amount(FEB, 81000)], [MAY, MAR], 0),  # the earlier end counts
        (FEB, [Amount(FEB, 0)], [], 0),
        (FEB, [], [], 0),
    ],
)
def test_due(asked: date, amounts: list[Amount], ends: list[date], fen: int) -> None:
    assert due(asked, from_month=FEB, to_month=None, amounts=amounts, ends=ends) == fen


def test_nothing_is_due_outside_the_term() -> None:
    amounts = [Amount(JAN, 100)]
    got = [due(month(at), from_month=FEB, to_month=APR, amounts=amounts) for at in range(5)]
    assert got == [0, 100, 100, 100, 0]


steps_in_time = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9)), max_size=8)


@given(
    recorded=steps_in_time, ends=st.lists(st.integers(0, 9), max_size=3), start=st.integers(0, 4), end=st.integers(4, 9)
)
def test_due_equals_painting_the_months(recorded: list[tuple[int, int]], ends: list[int], start: int, end: int) -> None:
    """Oracle: paint a strip of months from the earliest beginning to the latest, then rub out what has ended."""
    strip = [0] * 10
    for _, (begins, amount) in sorted(enumerate(recorded), key=lambda item: (item[1][0], item[0])):
        strip[begins:] = [amount] * (10 - begins)
    strip[:start] = [0] * start
    strip[end + 1 :] = [0] * (9 - end)
    for cut in ends:
        strip[cut:] = [0] * (10 - cut)
    amounts = [Amount(month(begins), amount) for begins, amount in recorded]
    got = [
        due(month(at), from_month=month(start), to_month=month(end), amounts=amounts, ends=map(month, ends))
        for at in range(10)
    ]
    assert got == strip


@pytest.mark.parametrize(
    ("position", "pending", "recovery", "arrears"),
    [
        (Position(due=100), 0, 0, 100),
        (Position(due=100, pending=100), 100, 0, 0),
        (Position(due=100, firm=100), 0, 0, 0),
        (Position(due=120, firm=100), 0, 0, 20),  # raised after payment
        (Position(due=120, pending=100), 100, 0, 20),
        (Position(due=60, pending=100), 60, 0, 0),  # cut before sending
        (Position(due=0, pending=100), 0, 0, 0),  # died before sending
        (Position(due=0, firm=100), 0, 100, 0),  # died, found late
        (Position(due=60, firm=100, pending=20), 0, 40, 0),
        (Position(due=100, firm=0), 0, 0, 100),  # repaid, then the death was withdrawn
        (Position(due=0, firm=100, written_off=100), 0, 0, 0),
        (Position(due=0, firm=150, written_off=100), 0, 50, 0),
        (Position(due=100, firm=100, written_off=100), 0, 0, 0),  # forgiven is not owed to her twice
        (Position(due=0, firm=-100), 0, 0, 100),  # repaid and returned by the bank as well: give it back
    ],
)
def test_correct(position: Position, pending: int, recovery: int, arrears: int) -> None:
    got = correct(position)
    assert (got.pending, got.recovery, got.arrears) == (pending, recovery, arrears)


amounts = st.integers(0, 300)


@given(due_fen=amounts, firm=st.integers(-100, 300), pending=amounts, written_off=amounts)
def test_a_corrected_month_balances(due_fen: int, firm: int, pending: int, written_off: int) -> None:
    """What is firm, stays pending and is added, less what is claimed back or forgiven, is what is due."""
    position = Position(due_fen, firm, pending, written_off)
    got = correct(position)
    assert got.pending <= pending
    assert min(got.recovery, got.pending + got.arrears) == 0  # never pays and claims back the same month
    forgiven = min(written_off, max(0, firm - due_fen))
    assert firm + got.pending + got.arrears - got.recovery - forgiven == due_fen
    settled = Position(due_fen, firm, got.pending + got.arrears, written_off)
    again = correct(settled)
    assert (again.pending, again.recovery, again.arrears) == (settled.pending, got.recovery, 0)


def test_a_batch_takes_its_steps_in_order_and_no_other() -> None:
    allowed = {("DRAFT", "check"), ("CHECKED", "approve"), ("APPROVED", "send"), ("SENT", "reconcile")}
    for state, action in product(BatchState, STEPS):
        if (state.value, action) in allowed:
            assert step(state, action) == list(BatchState)[list(BatchState).index(state) + 1]
        else:
            with pytest.raises(BatchInWrongState):
                step(state, action)


def test_two_persons() -> None:
    may_approve("c", made_by="a", checked_by="b")
    for same in ("a", "b"):
        with pytest.raises(ApproverIsMaker) as refused:
            may_approve(same, made_by="a", checked_by="b")
        assert (refused.value.status, refused.value.code) == (403, "approver_is_maker")
    may_release("a", approved_by="c")
    with pytest.raises(ReleaserIsApprover):
        may_release("c", approved_by="c")


@pytest.mark.parametrize(
    ("state", "paid", "returned", "unknown"),
    [
        ("SENT", "", "", ""),
        ("UNKNOWN", "", "", "unchanged"),
        ("PAID", "unchanged", "", "contradicts"),  # a late return is money back; a late doubt is for a person
        ("RETURNED", "contradicts", "unchanged", "contradicts"),
        ("REISSUED", "contradicts", "contradicts", "contradicts"),  # or it would be paid twice
        ("PENDING", "contradicts", "contradicts", "contradicts"),
        ("CANCELLED", "contradicts", "contradicts", "contradicts"),
        ("EXCLUDED", "contradicts", "contradicts", "contradicts"),
    ],
)
def test_what_the_bank_may_say(state: str, paid: str, returned: str, unknown: str) -> None:
    assert {outcome.value: verdict(LineState(state), outcome) for outcome in OUTCOMES} == {
        "PAID": paid,
        "RETURNED": returned,
        "UNKNOWN": unknown,
    }


def test_months() -> None:
    assert months.after(date(2024, 12, 31)) == date(2025, 1, 1)
    assert months.plus(date(2024, 2, 1), -2) == date(2023, 12, 1)
    assert list(months.span(date(2024, 11, 20), date(2025, 1, 31))) == [
        date(2024, 11, 1),
        date(2024, 12, 1),
        date(2025, 1, 1),
    ]
    assert months.between(date(2024, 11, 1), date(2025, 1, 1)) == 2
    assert months.spoken(date(2025, 6, 1)) == "2025年6月"
