"""Random histories on PostgreSQL against the oracle, to the fen; and the reversal law (design §6)."""

from collections.abc import Callable

import pytest

from tests.kernel.payments.conftest import Payer
from tests.kernel.payments.history import History, ledger


@pytest.mark.prove
@pytest.mark.parametrize("part", range(4))
async def test_histories_end_as_the_oracle_says(payer: Payer, part: int, seed: int, size: Callable[..., int]) -> None:
    history = History(payer, seed)
    for _ in range(size(60, stated=400)):
        await history.step()
        await history.compare()
    await history.run_out()
    await history.compare()
    history.balances()
    await ledger(payer)
    assert history.acts["fill"]
    assert history.acts["forward"]
