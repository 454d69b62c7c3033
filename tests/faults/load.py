"""What goes on while things break: deaths are reported and confirmed, files of the living are corrected."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random

from suite.seed.places import STORY_TOWN
from suite.seed.population import Person
from tests.faults.callers import Callers

READS = {
    "brain": "/api/brain/auth/me",
    "eldercare": "/api/eldercare/elders?limit=5",
    "relief": "/api/relief/households?limit=5",
    "charity": "/api/charity/pairings?limit=5",
    "affairs": "/api/affairs/deaths?limit=5",
}
"""What every desk may look at, by service."""
AT_ONCE = 8
_MARITAL = ("20", "21", "22", "23")  # anything else would contradict the death of a spouse, which is for people
_CORRECTIONS = 3


@dataclass(frozen=True, slots=True)
class Load:
    """Who dies, and who lives on and has the file corrected several times. `through_events`: some deaths are reported
    in eldercare, and the case opens in affairs when the event has arrived."""

    dead: Sequence[Person]
    alive: Sequence[Person]
    died_on: date
    through_events: bool = True

    async def run(self, callers: Callers, chance: Random) -> None:
        """All of it, several at once; returns when every call has been answered."""
        waiting = [self._declare(callers, person, chance) for person in self.dead]
        waiting += [self._correct(callers, person, chance.randrange(len(_MARITAL))) for person in self.alive]
        chance.shuffle(waiting)

        async def work_off() -> None:
            while waiting:
                await waiting.pop()

        try:
            async with asyncio.TaskGroup() as desks:
                for _ in range(AT_ONCE):
                    desks.create_task(work_off())
        finally:
            for left in waiting:
                left.close()

    async def _declare(self, callers: Callers, person: Person, chance: Random) -> None:
        """Reported, certified, confirmed; and a look at something else."""
        died_on, who = self.died_on.isoformat(), person.person_id
        if self.through_events and person.area_code.startswith(STORY_TOWN[:9]):
            report = {"deathDate": died_on, "place": "示例村"}
            await callers.send("town-clerk", f"/api/eldercare/elders/{who}/death-report", report, f"report-{who}")
            case = await self._opened(callers, who)
        else:
            report = {"personId": who, "source": "VILLAGE", "deathDate": died_on, "place": "示例村"}
            opened = await callers.send("district-officer", "/api/affairs/deaths", report, f"report-{who}")
            case = opened["caseId"]
        paper = {"kind": "medical_certificate", "idNumber": person.id_number, "deathDate": died_on}
        path = f"/api/affairs/deaths/{case}"
        await callers.send("district-officer", f"{path}/evidence", paper, f"paper-{who}")
        confirmed = await callers.send("district-officer", f"{path}/confirm", {"deathDate": died_on}, f"confirm-{who}")
        assert confirmed["isConfirmed"]
        await callers.get("district-officer", READS[chance.choice(sorted(READS))])

    async def _opened(self, callers: Callers, who: str) -> str:
        async with asyncio.timeout(240):
            while True:
                found = await callers.get("district-officer", f"/api/affairs/deaths?personId={who}")
                if found["items"]:
                    return str(found["items"][0]["id"])
                await asyncio.sleep(0.5)

    async def _correct(self, callers: Callers, person: Person, first: int) -> None:
        """Each correction is an event of the same subject."""
        for number in range(_CORRECTIONS):
            body = {"maritalStatus": _MARITAL[(first + number) % len(_MARITAL)], "reason": "核对户籍"}
            key = f"correct-{number}-{person.person_id}"
            path = f"/api/brain/people/{person.person_id}"
            await callers.send("district-officer", path, body, key, method="PATCH")
