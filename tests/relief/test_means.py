"""What of an income counts, and what a family may own (§2.3): the worked numbers, through HTTP."""

from typing import Any

import pytest

from tests.relief.families import VILLAGE, Families

pytestmark = [pytest.mark.plan("R-07", part="countable income and property, explained")]

ON = "2020-06-01"
"""The standard is 810."""


async def income(relief: Families, on: str = ON, **facts: Any) -> tuple[str, list[Any]]:
    found = await relief.post("/means/income", relief.town, {"areaCode": VILLAGE, "on": on} | facts)
    return found["monthly"], found["reasons"]


@pytest.mark.parametrize(
    ("monthly", "since", "counts"),
    [
        ("3000.00", 0, "570.00"),
        ("3000.00", 11, "570.00"),
        ("3000.00", 12, "3000.00"),
        ("2430.00", 3, "0.00"),
        ("2430.01", 3, "0.01"),
        ("1000.00", 3, "0.00"),
    ],
)
async def test_of_a_new_job_so_much_is_left_out_for_a_year(
    relief: Families, monthly: str, since: int, counts: str
) -> None:
    found, reasons = await income(relief, newJobs=[{"monthly": monthly, "monthsSince": since}])
    assert found == counts
    assert reasons[0]["source"] == "浙江省社会救助条例第五十条"


@pytest.mark.parametrize(
    ("item", "on", "counts"),
    [
        ("WAGE", ON, "1000.00"),
        ("BUSINESS", ON, "1000.00"),
        ("PROPERTY", ON, "1000.00"),
        ("TRANSFER", ON, "1000.00"),
        ("PENSION", ON, "1000.00"),
        ("PREFERENTIAL_PENSION", ON, "0.00"),
        ("FAMILY_PLANNING", ON, "0.00"),
        ("SCHOLARSHIP", ON, "0.00"),
        ("BRAVERY", ON, "0.00"),
        ("RELIEF", ON, "0.00"),
        ("DISABILITY_SUBSIDY", ON, "0.00"),
        ("LONGEVITY", ON, "0.00"),
        ("PENSION_BASE", "2020-12-31", "1000.00"),
        ("PENSION_BASE", "2021-01-01", "0.00"),
        ("PENSION_BASE", "2025-12-31", "0.00"),
        ("PENSION_BASE", "2026-01-01", "1000.00"),
    ],
)
async def test_what_counts_and_what_does_not(relief: Families, item: str, on: str, counts: str) -> None:
    found, reasons = await income(relief, on, incomes=[{"item": item, "yearly": "12000.00"}])
    assert found == counts
    assert ("不计入" in reasons[0]["sentence"]) == (counts == "0.00")


async def test_what_is_deducted_never_leaves_less_than_nothing(relief: Families) -> None:
    costs = [{"item": "WORK_COST", "yearly": "2400.00"}, {"item": "ILLNESS_COST", "yearly": "6000.00"}]
    wage = [{"item": "WAGE", "yearly": "24000.00"}]
    assert (await income(relief, incomes=wage, deductions=costs))[0] == "1300.00"
    assert (await income(relief, incomes=wage, deductions=[{"item": "DISABILITY_COST", "yearly": "90000.00"}]))[0] == (
        "0.00"
    )


@pytest.mark.parametrize(
    ("per_head", "age", "exempt", "gives"),
    [
        ("1620.00", 45, "", "0.00"),
        ("2620.00", 45, "", "300.00"),
        ("2620.00", 59, "", "300.00"),
        ("2620.00", 60, "", "0.00"),
        ("2620.00", 45, "RECIPIENT", "0.00"),
        ("2620.00", 45, "SEVERE_DISABILITY", "0.00"),
        ("0.00", 45, "", "0.00"),
    ],
)
async def test_what_supporters_are_held_to_give(
    relief: Families, per_head: str, age: int, exempt: str, gives: str
) -> None:
    one = {"perHead": per_head, "age": age, "exempt": exempt}
    assert (await income(relief, supporters=[one]))[0] == gives


async def test_work_without_records_goes_by_reference_labour_and_the_case(relief: Families) -> None:
    boat = {"activity": "FISHING", "labour": "PARTIAL", "adjustment": "0.8"}
    assert (await income(relief, activities=[boat]))[0] == "800.00"  # 24,000 × 0.5 × 0.8 / 12
    assert (await income(relief, activities=[boat | {"labour": "NONE"}]))[0] == "0.00"


@pytest.mark.parametrize(
    ("facts", "within"),
    [
        ({}, ["DIBAO", "MARGINAL", "RIGID"]),
        ({"financial": "38880.00"}, ["DIBAO", "MARGINAL", "RIGID"]),  # 24 × 810 × 2
        ({"financial": "38880.01"}, ["MARGINAL", "RIGID"]),
        ({"financial": "58320.01"}, ["RIGID"]),
        ({"financial": "77760.01"}, []),
        ({"homeAreas": ["135"]}, ["DIBAO", "MARGINAL", "RIGID"]),
        ({"homeAreas": ["135.01"]}, []),
        ({"homeAreas": ["40", "30"]}, []),
        ({"vehicles": 1}, []),
        ({"disabilityVehicles": 1}, ["DIBAO", "MARGINAL", "RIGID"]),
        ({"workVehicles": ["30000.00"]}, ["DIBAO", "MARGINAL", "RIGID"]),
        ({"workVehicles": ["30000.01"]}, []),
        ({"workVehicles": ["1000.00", "1000.00"]}, []),
        ({"ships": 1}, []),
        ({"livingBoats": 1}, ["DIBAO", "MARGINAL", "RIGID"]),
        ({"companies": ["0.00"]}, ["DIBAO", "MARGINAL", "RIGID"]),
        ({"companies": ["10000.00"]}, []),
    ],
)
async def test_limits_of_property(relief: Families, facts: dict[str, Any], within: list[str]) -> None:
    body = {"areaCode": VILLAGE, "on": ON, "heads": 2} | facts
    found = (await relief.post("/means/property", relief.town, body))["results"]
    assert [one["kind"] for one in found if one["isWithin"]] == within
    assert all(one["reasons"] for one in found)
