"""Whom a principal may ever be told of: the people of her area with their families and helpers, of her house, or hers.

A net below the oracles of the single lists: it holds for every answer of every route, also for parts of files.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.journeys.rows.who import HOUSES, PEOPLE, Who, significant


class Horizon:
    """Built from the databases; built anew when people or their ties have changed."""

    def __init__(self) -> None:
        self._area: dict[str, str] = {}
        self._ties: dict[str, set[str]] = defaultdict(set)
        self._houses: dict[str, set[str]] = defaultdict(set)
        self._seen: dict[Who, set[str]] = {}

    @classmethod
    async def of(cls, world: Any) -> "Horizon":
        """Read who lives where, who belongs to whom, who is in which house."""
        made = cls()
        made._area = dict(await world.rows("brain", "select id, area_code from person"))
        ties = [
            ("brain", "select person_id, relative_id from kinship"),
            ("charity", "select beneficiary_id, donor_person_id from pairing where donor_person_id is not null"),
            ("charity", "select beneficiary_id, donor_person_id from pledge where donor_person_id is not null"),
            ("relief", "select m.person_id, o.person_id from member m join member o using (household_id)"),
        ]
        for service, sql in ties:
            made._tie(await world.rows(service, sql))
        houses = [
            ("eldercare", "select org_id, person_id from elder where org_id <> ''"),
            ("eldercare", "select provider_id, person_id from home_order where provider_id <> ''"),
            ("eldercare", "select institution_id, person_id from stay"),
            ("affairs", "select org_id, person_id from death_case where org_id <> ''"),
            ("charity", "select donor_org_id, beneficiary_id from pledge where donor_org_id is not null"),
        ]
        for service, sql in houses:
            for house, person in await world.rows(service, sql):
                made._houses[house].add(person)
        return made

    def _tie(self, pairs: Iterable[tuple[str, str]]) -> None:
        for one, other in pairs:
            self._ties[one].add(other)
            self._ties[other].add(one)

    def of_principal(self, who: Who) -> set[str]:
        """Everybody an answer to her may name."""
        if who not in self._seen:
            if who.role in PEOPLE:
                own = {who.person}
            elif who.role in HOUSES:
                own = set(self._houses.get(who.org, ()))
            else:
                within = significant(who.area) if who.area else "none"
                own = {person for person, area in self._area.items() if area.startswith(within)}
            ties = set() if who.role in HOUSES else {tie for person in own for tie in self._ties.get(person, ())}
            self._seen[who] = own | ties
        return self._seen[who]
