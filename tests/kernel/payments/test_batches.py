"""From grant to bank and back, on PostgreSQL."""

from datetime import date

from shared.payments import Grant
from tests.kernel.payments.conftest import DISTRICT, Payer, officer
from tests.kernel.payments.payer.app import payments

MARCH, APRIL, MAY = date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1)
TOWN = "330903100000"


async def test_smoke(payer: Payer) -> None:
    async with payer.unit() as unit:
        (one,) = await payments.grant(unit, Grant("quota", "p1", TOWN, MARCH, 12500, decision_id="d1"))
    async with payer.unit(officer("maker")) as unit:
        batch = await payments.open_batch(unit, "quota", APRIL, DISTRICT)
        run = await payments.run(unit, batch.id)
        assert (run.lines, run.total_fen, run.done) == (2, 25000, True)
    assert await payer.rows(
        "select entitlement_id, month, purpose, amount_fen, state, decision_id from kernel.payment_line order by id"
    ) == [
        (one, MARCH, "arrears", 12500, "PENDING", "d1"),
        (one, APRIL, "regular", 12500, "PENDING", "d1"),
    ]
