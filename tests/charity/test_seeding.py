"""Entering many at once gives what entering one by one gives."""

from datetime import date, timedelta

from services.charity.pairing import service as pairing
from services.charity.pairing.service import Consent, Donor, NewPairing
from services.charity.people.service import NewPerson, add_many
from services.charity.pledges import service as pledges
from services.charity.points.seeding import Earning, earn_many
from services.charity.volunteers import service as volunteers
from shared import clock
from shared.db.principals import Role
from tests.charity.scene import DISTRICT, NOW, VILLAGE, died, get, ledger_is_sound, points, post
from tests.service_fixture import Stand

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def person(number: int) -> str:
    return f"p1{LETTERS[number // 32]}{LETTERS[number % 32] * 25}"


async def test_twenty_children_and_two_hundred_volunteers(charity: Stand) -> None:
    with clock.frozen(NOW):
        today = clock.today()
        async with charity.unit() as unit:
            await add_many(unit, [NewPerson(person(n), VILLAGE, date(2016, 1, 1)) for n in range(20)])
            await add_many(unit, [NewPerson(person(n), VILLAGE, date(1980, 1, 1)) for n in range(20, 220)])
            made = await pairing.add_many(
                unit,
                [
                    NewPairing(
                        kind="STUDY",
                        beneficiary_id=person(n),
                        beneficiary_name="张示例",
                        called="小示",
                        needs="书本",
                        donor=Donor("李示例", person_id=person(n + 20)) if n % 2 else Donor("示例公司", org_id="o1"),
                        consent=Consent(f"C{n}", today, "GUARDIAN"),
                        contact_rule="SOCIAL_WORKER",
                        starts_on=today,
                        ends_on=today + timedelta(days=365),
                    )
                    for n in range(20)
                ],
            )
            month = today.replace(day=1)
            await pledges.add_many(
                unit,
                [
                    pledges.NewPledge(person(n), 200_00, month, month + timedelta(days=365), person(n + 20))
                    for n in range(20)
                ],
            )
            await volunteers.add_many(unit, [person(n) for n in range(20, 220)], today)
            await earn_many(
                unit,
                [
                    Earning(person(n), "VOLUNTEER", 50 + day, today - timedelta(days=30 * day), f"H{n}-{day}")
                    for n in range(20, 220)
                    for day in (1, 2)
                ],
            )
        assert len(set(made)) == 20
        figure = await get(charity, "/pairing-figures", Role.DISTRICT_OFFICER, DISTRICT)
        assert figure.json() == {"children": 20, "target": 20}
        assert (await points(charity, person(21)))["available"] == 103
        listed = await get(charity, "/volunteers?total=true&limit=1", Role.DISTRICT_OFFICER, DISTRICT)
        assert listed.json()["total"] == 200
        one = await get(charity, f"/pairings?personId={person(21)}", Role.DISTRICT_OFFICER, DISTRICT)
        assert one.json()["items"][0]["donor"]["personId"] == person(21)
        await charity.hear(died(person(21)))
        (answer,) = await charity.told("charity.death.settled.v1")
        assert sorted(effect["kind"] for effect in answer["effects"]) == [
            "close_volunteer",
            "freeze_points",
            "stop_pairing",
            "stop_pledge",
        ]
        assert (await post(charity, f"/pairings/{made[0]}/end", {"reason": "FINISHED"})).status_code == 200
        await ledger_is_sound(charity)
