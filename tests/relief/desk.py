"""The offices temporary relief passes through, a case a line."""

from datetime import date, timedelta
from typing import Any

from shared import clock
from shared.db.principals import Role
from tests.relief.applying import id_number
from tests.relief.families import LIUHENG, VILLAGE, Families


class Desk:
    """The stand, the offices, a case a line."""

    def __init__(self, relief: Families) -> None:
        self.relief = relief
        stand = relief.stand
        self.clerk = relief.town
        self.colleague = stand.headers(Role.TOWN_CLERK, LIUHENG, account="town-b")
        self.leader = stand.headers(Role.TOWN_LEADER, LIUHENG, account="leader")
        self.officer = relief.district
        self.finance = relief.finance
        self.id = ""

    async def reserve(self) -> Any:
        return await self.relief.post("/reserves", self.finance, {"areaCode": LIUHENG}, 201)

    async def balance(self) -> str:
        (found,) = (await self.relief.get("/reserves", self.leader))["items"]
        return str(found["balance"])

    async def apply(self, *numbers: str, expect: int = 201, who: Any = None, **more: Any) -> Any:
        people = [{"name": "示例甲", "idNumber": number} for number in numbers or (id_number(date(1970, 1, 1)),)]
        body = {"areaCode": VILLAGE, "residence": "REGISTERED", "kind": "URGENT", "cause": "FIRE"}
        body |= {"causeText": "住房失火", "people": people} | more
        found = await self.relief.post("/temporary-cases", who or self.clerk, body, expect)
        self.id = found.get("id", self.id)
        return found

    async def do(self, step: str, who: Any, body: Any = None, expect: int = 200) -> Any:
        return await self.relief.post(f"/temporary-cases/{self.id}/{step}", who, body, expect)

    async def see(self) -> Any:
        return await self.relief.get(f"/temporary-cases/{self.id}", self.clerk)

    async def decide(self, level: str = "I", who: Any = None, expect: int = 200, **more: Any) -> Any:
        body = {"level": level, "reason": "急难情况属实"} | more
        return await self.do("decide", who or self.leader, body, expect)

    async def paid(self, *numbers: str, level: str = "I", **more: Any) -> Any:
        """An urgent case of the town's, up to the money."""
        await self.apply(*numbers, **more)
        await self.do("accept", self.clerk)
        await self.decide(level)
        return await self.do("pay", self.colleague, {"how": "CASH"})

    async def pass_time(self, **by: float) -> None:
        clock.shift(timedelta(**by))
        await self.relief.stand.settle()
