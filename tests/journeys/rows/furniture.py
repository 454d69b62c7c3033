"""One of everything in the story's village, and the same in the other town, a sibling village and a committee.

What the seed does not hold is made as people would make it, over HTTP. Each place keeps the ids of what stands there
under the names paths use; a name two services share is kept as `<service>.<name>`.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from shared import clock
from shared.china import bank_card, resident_id
from shared.db.principals import Role
from shared.ids import uuid7
from suite.seed.places import DISTRICT, OTHER_TOWN, STORY_TOWN, STORY_VILLAGE
from tests.journeys.rows.who import COMMITTEE, SIBLING, Who
from tests.journeys.rows.world import Way, World, nowhere

_CODES = {"here": STORY_VILLAGE, "there": "330903003001", "beside": SIBLING, "committee": COMMITTEE}
_TOWNS = {"here": STORY_TOWN, "there": OTHER_TOWN, "beside": STORY_TOWN, "committee": "330903001000"}
_FULL = ("here", "there")
"""Places where also somebody has died and money is paid."""
_PAYING = ("eldercare", "relief")

_BODY = "622848036009999999"
CARD = _BODY + bank_card.check_digit(_BODY)
OPINION = {
    "withinProperty": True, "withinMarginalProperty": True, "hasAbleSupporter": True, "opinion": "示例",
}  # fmt: skip
FREE_NUMBER = resident_id.make("330999", date(1960, 1, 1), 991)
"""A number nobody has."""

PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256))
FIELD_FORM = {"heads": 2, "monthlyIncome": "0.00", "homes": 1, "finding": "示例"}
_RESAMPLE = """
    insert into field_resample (id, contract_id, area_code, drawn_for, seed, drawn_at, due_on, done_by, differences,
        finding)
    values (:visit, :contract, :area, cast(date_trunc('month', now()) as date), 'rows', now(), current_date, '',
        cast('{}' as text[]), '')
"""
_OBJECTION = """
    insert into objection (id, notice_id, area_code, text, raised_at, taken_by, answer, answered_by)
    values (:id, :notice, :area, '示例', now(), 'rows', '', '')
"""
_COMPLAINT = """
    insert into complaint (id, application_id, area_code, text, raised_at, taken_by, due_on, answer, answered_by)
    values (:id, :application, :area, '示例', now(), 'rows', current_date, '', '')
"""
_CHECK = """
    with drawn as (
        insert into spot_draw (id, area_code, month, seed, population, drawn, drawn_by, drawn_at)
        values (:id, :district, cast(date_trunc('month', now()) - make_interval(months => 2) as date), '0', 1, 1,
            'rows', now())
        on conflict do nothing
    )
    insert into spot_check (id, draw_id, application_id, case_id, area_code, town, kind, month, ground, due_on, finding,
        found_by, remark, correction)
    values (:id, :id, :application, '', :area, :town, 'DIBAO',
        cast(date_trunc('month', now()) - make_interval(months => 2) as date), 'RANDOM', current_date, '', '', '', '')
"""


@dataclass
class Place:
    """A place and the ids of what stands there."""

    name: str
    area: str
    town: str
    ids: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.ids[name]

    def id_for(self, way: Way, name: str) -> str:
        """What stands here of the kind this name means in this route."""
        for key in (f"{way.op}.{name}", f"{way.service}.{name}", name):
            if key in self.ids:
                return self.ids[key]
        raise LookupError(f"{way.name}: nothing in the place {self.name} for {{{name}}}")

    def path(self, way: Way) -> dict[str, str]:
        return {name: self.id_for(way, name) for name in way.parameters}


class Nowhere(Place):
    """The same area, but nothing stands there: every id is well formed and unknown."""

    def __init__(self, like: Place) -> None:
        super().__init__("nowhere", like.area, like.town)
        self.ids["number"] = FREE_NUMBER

    def __getitem__(self, name: str) -> str:
        if name not in self.ids:
            last = name.rpartition(".")[2]
            persons = ("person_id", "relative_id", "donor_id", "spare_id")
            self.ids[name] = nowhere("person_id" if last in persons else last)
        return self.ids[name]

    def id_for(self, way: Way, name: str) -> str:
        return self[name]


class Furnisher:
    """Makes it all."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = 0

    async def do(self, role: Role, op: str, body: Any = None, **ids: str) -> Any:
        """Somebody of the district does it."""
        answer = await self.world.call(Who(role, area=DISTRICT), self.world.way(op), ids, body)
        assert answer.status < 300, (op, answer.status, answer.text)
        return answer.body

    async def one(self, service: str, sql: str, **parameters: object) -> str:
        rows = await self.world.rows(service, sql, **parameters)
        assert rows, (service, sql, parameters)
        return str(rows[0][0])

    async def _doubt(self) -> None:
        """One who draws 养老服务补贴 and is no longer of a family with relief."""
        held = (
            "select person_id from subsidy where scheme = 'care_subsidy' and state = 'ACTIVE' order by id desc limit 1"
        )
        person = await self.one("eldercare", held)
        await self.do(Role.TOWN_CLERK, "change_elder", {"reliefClass": ""}, person_id=person)

    async def furnish(self) -> dict[str, Place]:
        """All places. The dead of here and there have died two months ago: money is to be recovered from both."""
        places = {name: Place(name, code, _TOWNS[name]) for name, code in _CODES.items()}
        for place in places.values():
            await self._people(place)
        await self.world.settle()
        for place in places.values():
            await self._care(place)
            await self._give(place)
            await self._family(place)
            await self._staff(place)
        for name in _FULL:
            await self._application(places[name])
            await self._verification(places[name])
            await self._fieldwork(places[name])
            await self._temporary(places[name])
        await self._doubt()
        await self.do(Role.DISTRICT_OFFICER, "start_warning_run")
        dying = [
            (places[name], service, await self._chosen(places[name], service)) for name in _FULL for service in _PAYING
        ]
        await self.world.settle()
        for place in places.values():
            await self._evidence(place)
        for name in _FULL:
            await self._pay(places[name])
        for place, service, person in dying:
            place.ids[f"{service}_get_statement.person_id"] = person
            await self._die(person)
        await self.world.settle()
        for name in _FULL:
            await self._look_up(places[name])
        return places

    async def _person(self, place: Place, age: int, name: str) -> tuple[str, str]:
        """Somebody new: id and number."""
        self.number += 1
        number = resident_id.make("330999", clock.today() - timedelta(days=age * 366), 900 + self.number)
        body = {"name": name, "areaCode": place.area, "idNumber": number}
        return str((await self.do(Role.DISTRICT_OFFICER, "register_person", body))["personId"]), number

    async def _people(self, place: Place) -> None:
        made = {"person_id": (82, "安示宁"), "relative_id": (50, "王示平"), "donor_id": (40, "李示海")}
        for key, (age, name) in {**made, "spare_id": (85, "赵示明")}.items():
            place.ids[key], number = await self._person(place, age, name)
            place.ids.setdefault("number", number)
            place.ids[key.replace("_id", "_number")] = number
        kin = {"relativeId": place["relative_id"], "kind": "CHILD", "fromDate": clock.today().isoformat()}
        related = await self.do(Role.TOWN_CLERK, "relate", kin, person_id=place["person_id"])
        place.ids["relation_id"] = related["id"]
        await self.do(Role.TOWN_CLERK, "give_consent", {"purpose": "PHOTO"}, person_id=place["person_id"])

    async def _care(self, place: Place) -> None:
        person, spare = place["person_id"], place["spare_id"]
        facts = {"abilityLevel": 3, "abilityOn": clock.today().isoformat(), "reliefClass": "DESTITUTE"}
        await self.do(Role.TOWN_CLERK, "change_elder", facts, person_id=person)
        choice = {"support": "CENTRAL", "askedOn": clock.today().isoformat()}
        await self.do(Role.TOWN_CLERK, "choose_support", choice, person_id=person)
        place.ids["entry_id"] = await self.one(
            "eldercare", "select id from waiting_entry where person_id = :person", person=person
        )
        bed = (
            "select b.id, b.code, b.institution_id from bed b where b.area_code = :town and b.status = 'VACANT' limit 2"
        )
        (claimed, _, _), (place.ids["bed_id"], place.ids["eldercare.code"], home) = await self.world.rows(
            "eldercare", bed, town=place.town
        )
        place.ids["institution_id"] = home
        place.ids |= {
            "brain.code": place.area,
            "eldercare.parameter": "beds.turnover",
            "relief.parameter": "dibao.standard",
        }
        place.ids["stay_id"] = (await self.do(Role.TOWN_CLERK, "claim_bed", {"personId": spare}, bed_id=claimed))["id"]
        device = {"personId": person, "kind": "WATCH", "serialNo": f"R-{place.name}"}
        place.ids["device_id"] = (await self.do(Role.TOWN_CLERK, "issue_device", device))["id"]
        order = {
            "personId": person, "item": "助浴", "providerId": home,
            "slotFrom": (clock.now() + timedelta(days=2)).isoformat(),
        }  # fmt: skip
        place.ids["order_id"] = (await self.do(Role.TOWN_CLERK, "create_order", order))["id"]
        wish = {"personId": person, "scheme": "longevity", "fromMonth": month()}
        place.ids["subsidy_id"] = (await self.do(Role.TOWN_CLERK, "apply_for_subsidy", wish))["id"]
        await self.do(Role.LAW_OFFICER, "scan_bed_code", code=place["eldercare.code"])
        report = {"deathDate": days_ago(3), "place": "家中"}
        await self.do(Role.TOWN_CLERK, "report_death", report, person_id=spare)

    async def _evidence(self, place: Place) -> None:
        case = "select id from death_case where person_id = :person"
        place.ids["case_id"] = await self.one("affairs", case, person=place["spare_id"])
        scan = f"%PDF-1.7 {place.name}".encode()
        kept = await self.do(Role.TOWN_CLERK, "add_death_file", scan, case_id=place["case_id"])
        place.ids["file_id"] = kept["fileId"]
        paper = {"kind": "court_declaration", "deathDate": days_ago(3), "fileIds": [kept["fileId"]]}
        given = await self.do(Role.TOWN_CLERK, "give_evidence", paper, case_id=place["case_id"])
        place.ids["evidence_id"] = given["evidenceId"]
        source = "select id from death_source where case_id = :case"
        place.ids["source_id"] = await self.one("affairs", source, case=place["case_id"])
        place.ids["task_id"] = "T03"

    async def _give(self, place: Place) -> None:
        person, donor = place["person_id"], place["donor_id"]
        place.ids["pairing_id"] = await self._pair(place, "COMPANION", person, donor)
        pledge = {"beneficiaryId": person, "donorPersonId": donor, "amount": "50.00"}
        pledge |= {"fromMonth": days_ago(0), "toMonth": days_ago(-100)}
        place.ids["pledge_id"] = (await self.do(Role.SOCIAL_WORKER, "promise_pledge", pledge))["id"]
        await self.do(Role.SOCIAL_WORKER, "register_volunteer", {"personId": person})
        gift = {"amount": "500.00", "onDate": days_ago(10), "ref": f"R-{place.name}"}
        earned = await self.do(Role.SOCIAL_WORKER, "earn_by_gift", gift, person_id=person)
        place.ids["movement_id"] = earned["movement"]["id"]

    async def _pair(self, place: Place, kind: str, person: str, donor: str) -> str:
        self.number += 1
        pairing = {
            "kind": kind, "beneficiaryId": person, "beneficiaryName": "安示宁", "called": "安安", "needs": "定期探望",
            "donor": {"name": "李示海", "personId": donor}, "contactRule": "DIRECT",
            "consent": {"id": f"R-{place.name}-{self.number}", "on": days_ago(1), "by": "SELF"},
            "startsOn": days_ago(0), "endsOn": days_ago(-300),
        }  # fmt: skip
        return str((await self.do(Role.SOCIAL_WORKER, "begin_pairing", pairing))["id"])

    async def _family(self, place: Place) -> None:
        members = [
            {"personId": place[key], "name": name, "birth": birth, "relation": relation, "labour": "NONE",
             "validFrom": month() + "-01"}
            for key, name, birth, relation in (
                ("person_id", "安示宁", "1943-01-01", "SELF"), ("relative_id", "王示平", "1975-01-01", "CHILD"),
            )
        ]  # fmt: skip
        family = {"areaCode": place.area, "registeredArea": place.area, "members": members, "monthlyIncome": "0.00"}
        made = await self.do(Role.TOWN_CLERK, "create_household", family | {"incomeFrom": month()})
        place.ids["household_id"], place.ids["member_id"] = made["id"], made["members"][1]["id"]
        case = {"householdId": made["id"], "kind": "DIBAO", "fromMonth": month(), "withinProperty": True}
        opened = await self.do(Role.DISTRICT_OFFICER, "open_case", case)
        place.ids["relief.case_id"], place.ids["relief.decision_id"] = opened["id"], opened["decisionId"]
        disaster = {"kind": "DISASTER", "since": clock.today().isoformat(), "source": "示例"}
        told = await self.do(Role.TOWN_CLERK, "record_fact", disaster, household_id=made["id"])
        place.ids["fact_id"] = told["id"]
        raised = "select id from warning where household_id = :household"
        bill = {
            "personId": place["person_id"], "billNo": f"B-{place.name}", "settledOn": clock.today().isoformat(),
            "total": "400000.00", "outOfScope": "90000.00",
        }  # fmt: skip
        place.ids["bill_id"] = (await self.do(Role.TOWN_CLERK, "enter_bill", bill))["id"]
        passed = "select id from medical_burden where household_id = :household"
        place.ids["burden_id"] = await self.one("relief", passed, household=made["id"])
        offered = {
            "areaCode": place.area, "need": "FOOD", "title": "示例", "provider": "示例",
            "fromDate": clock.today().isoformat(),
        }  # fmt: skip
        place.ids["project_id"] = (await self.do(Role.DISTRICT_OFFICER, "offer_help_project", offered))["id"]
        pair = {"householdId": made["id"], "helperId": "helper", "helperName": "李示海"}
        place.ids["pair_id"] = (await self.do(Role.TOWN_CLERK, "make_pair", pair))["id"]
        place.ids["warning_id"] = await self.one("relief", raised, household=made["id"])

    async def _application(self, place: Place) -> None:
        """The family of the place applies, until its notice hangs in the village; somebody has spoken against it, the
        town may decide another kind, and a decision of last month is looked at."""
        filing = {"kind": "KINSHIP", "isPositive": False, "declaredBy": place["person_id"], "declaredOn": days_ago(0)}
        cadre = {"memberId": place["member_id"], "name": "赵示明", "duty": "VILLAGE_CADRE", "relation": "SIBLING"}
        filing |= {"isPositive": True, "parties": [cadre | {"unitName": "示例村"}]}
        filed = await self.do(Role.TOWN_CLERK, "declare_filing", filing, household_id=place["household_id"])
        place.ids["filing_id"] = filed["id"]
        asked = await self.do(Role.TOWN_CLERK, "apply_for_relief", {"householdId": place["household_id"]})
        own = {"application_id": asked["id"]}
        place.ids |= own
        signed = {"signedOn": days_ago(0), "authorisedBy": [place["person_id"], place["relative_id"]]}
        await self.do(Role.TOWN_CLERK, "submit_application", signed, **own)
        await self.do(Role.TOWN_CLERK, "ask_for_correction", {"reason": "示例"}, **own)
        await self.do(Role.TOWN_CLERK, "submit_application", signed, **own)
        await self.do(Role.TOWN_CLERK, "accept_application", **own)
        await self.do(Role.TOWN_CLERK, "investigate_application", **own)
        kept = await self.do(Role.TOWN_CLERK, "add_application_file", f"%PDF-1.7 {place.name}".encode(), **own)
        place.ids["relief.file_id"] = kept["fileId"]
        seen = {"surveyedOn": days_ago(0), "surveyors": ["王示一", "李示二"], "isSigned": True, "finding": "示例"}
        await self.do(Role.TOWN_CLERK, "add_survey", seen, **own)
        verified = "update application set verified_at = now() where id = :id"
        await self.write("relief", verified, id=own["application_id"])
        await self.do(Role.TOWN_LEADER, "form_opinion", OPINION, **own)
        notice = await self.do(Role.TOWN_CLERK, "publish_opinion", {"place": "示例村", "text": "示例"}, **own)
        place.ids["notice_id"] = notice["id"]
        here = {"id": uuid7(), "area": place.area, "town": place.town, "application": own["application_id"]}
        await self.write("relief", _OBJECTION, notice=notice["id"], **here)
        await self.write("relief", _COMPLAINT, **here)
        place.ids["complaint_id"] = here["id"]
        power = {"areaCode": place.town, "kind": "RIGID", "fromOn": days_ago(0), "reason": "示例"}
        place.ids["delegation_id"] = (await self.do(Role.DISTRICT_DIRECTOR, "delegate_kind", power))["id"]
        await self.write("relief", _CHECK, district=DISTRICT, **here)
        place.ids["check_id"] = here["id"]

    async def _verification(self, place: Place) -> None:
        """The family's means are checked; the bank knows of something."""
        signed = [{"idNumber": place[f"{key}_number"], "signedOn": days_ago(0)} for key in ("person", "relative")]
        held = self.world.scene.departments.holdings
        held["bank/balances", place["person_number"]] = [{"item": "DEPOSIT", "value": "100.00"}]
        body: dict[str, Any] = {"householdId": place["household_id"], "authorisations": signed}
        opened = await self.do(Role.TOWN_CLERK, "open_verification", body)
        own = {"verification_id": opened["id"]}
        place.ids |= own
        scan = f"%PDF-1.7 bank {place.name}".encode()
        kept = await self.do(Role.TOWN_CLERK, "add_verification_file", scan, **own)
        place.ids["get_verification_file.file_id"] = kept["fileId"]

    async def _fieldwork(self, place: Place) -> None:
        """A third party, which is the place's house, was sent to the family; the visit is drawn for a second look."""
        terms = {"areaCode": place.town, "orgId": place["institution_id"], "orgName": "示例", "contractNo": "1"}
        terms |= {"fromOn": days_ago(0), "toOn": days_ago(-300)}
        contract = await self.do(Role.DISTRICT_OFFICER, "make_survey_contract", terms)
        place.ids["contract_id"] = contract["id"]
        sent = {"contractId": contract["id"], "householdId": place["household_id"]}
        visit = await self.do(Role.TOWN_CLERK, "assign_field_visit", sent)
        place.ids["field_visit_id"] = place.ids["resample_id"] = visit["id"]
        who = Who(Role.THIRD_PARTY_SURVEYOR, area=DISTRICT, org=place["institution_id"])
        way = self.world.way("add_field_photo")
        answer = await self.world.call(who, way, {"field_visit_id": visit["id"]}, PHOTO)
        assert answer.status == 201, answer.text
        place.ids["get_field_photo.file_id"] = answer.body["fileId"]
        await self.write("relief", _RESAMPLE, visit=visit["id"], contract=contract["id"], area=place.area)

    async def _temporary(self, place: Place) -> None:
        """A house has burnt; the town has a reserve and asks to fill it up."""
        house: dict[str, Any] = {"areaCode": place.area, "residence": "REGISTERED", "kind": "URGENT", "cause": "FIRE"}
        house |= {"causeText": "示例", "people": [{"name": "安示宁", "idNumber": place["person_number"]}]}
        burnt = await self.do(Role.VILLAGE_CLERK, "apply_for_temporary_relief", house)
        place.ids["temporary_id"] = burnt["id"]
        await self.do(Role.TOWN_CLERK, "accept_temporary_case", temporary_id=burnt["id"])
        asked = await self.do(Role.TOWN_CLERK, "ask_to_fill_reserve", {"areaCode": place.town})
        place.ids["replenishment_id"] = asked["id"]

    async def write(self, service: str, sql: str, **parameters: object) -> None:
        """What comes of another service's word, or of months that have passed: put into the rows."""
        async with self.world.owner(service) as connection:
            used = {name: value for name, value in parameters.items() if f":{name}" in sql}
            await connection.execute(text(sql), used)

    async def _staff(self, place: Place) -> None:
        account = {"username": f"rows-{place.name}", "name": "示例", "areaCode": place.area}
        made = await self.do(Role.SYSTEM_ADMIN, "create_account", account | {"initialPassword": "Zhoushan-2026-x!"})
        place.ids["account_id"] = made["id"]
        unit = "select unit_id from unit_period where area_code = :area and valid_to is null limit 1"
        place.ids["unit_id"] = await self.one("brain", unit, area=place.area)
        post = {"unitId": place["unit_id"], "role": "VILLAGE_CLERK", "fromDate": days_ago(0)}
        given = await self.do(Role.SECURITY_ADMIN, "appoint", post, account_id=made["id"])
        place.ids["post_id"] = given["id"]
        session = "select id from session order by case when area_code = :area then 0 when area_code = :town then 1"
        place.ids["session_id"] = await self.one(
            "brain", session + " else 2 end limit 1", area=place.area, town=place.town
        )

    async def _pay(self, place: Place) -> None:
        for service, scheme in (("eldercare", "longevity"), ("relief", "dibao")):
            body = {"scheme": scheme, "month": month(), "areaCode": place.town}
            opened = await self.do(Role.FINANCE_OFFICER, f"{service}_open_batch", body)
            place.ids[f"{service}.batch_id"] = opened["batch"]["id"]

    async def _chosen(self, place: Place, service: str) -> str:
        """Somebody of the town who is paid, by 高龄津贴 or by 低保 in a family of more than one; a helper is found for
        her, and a sister: they are told when she dies."""
        old = (
            "select person_id from subsidy where state = 'ACTIVE' and scheme = 'longevity' and area_code like :town"
            " and person_id <> :spared order by id desc limit 1"
        )
        poor = (
            "select m.person_id from member m join benefit_case c using (household_id) where c.kind = 'DIBAO' and"
            " m.relation = 'SELF' and m.area_code like :town and m.birth < '1955-01-01' and exists (select 1 from member"  # noqa: E501
            " o where o.household_id = m.household_id and o.person_id <> m.person_id) and c.entitlement_id is not null"
            " and m.valid_from < date_trunc('month', current_date) and m.household_id <> :spared"
            " order by m.household_id desc limit 1"
        )
        story = self.world.scene.story[0]
        sql, kept = {"eldercare": (old, story["personId"]), "relief": (poor, story["householdId"])}[service]
        person = await self.one(service, sql, town=f"{place.town[:9]}%", spared=kept)
        kin = {"relativeId": place["donor_id"], "kind": "SIBLING", "fromDate": days_ago(0)}
        await self.do(Role.TOWN_CLERK, "relate", kin, person_id=person)
        await self._pair(place, "LIVING", person, place["donor_id"])
        return person

    async def _die(self, person: str) -> None:
        """Reported, judged and confirmed: dead for two months."""
        report = {"personId": person, "source": "TOWN", "deathDate": days_ago(70), "place": "家中"}
        case = await self.do(Role.TOWN_CLERK, "report_death_case", report)
        paper = {"kind": "court_declaration", "deathDate": days_ago(70)}
        await self.do(Role.TOWN_CLERK, "give_evidence", paper, case_id=case["caseId"])
        await self.do(Role.DISTRICT_OFFICER, "confirm_death", {"deathDate": days_ago(70)}, case_id=case["caseId"])

    async def _look_up(self, place: Place) -> None:
        town = f"{place.town[:9]}%"
        for service in ("eldercare", "relief"):
            sql = "select id from kernel.recovery where area_code like :town limit 1"
            place.ids[f"{service}.recovery_id"] = await self.one(service, sql, town=town)
        sql = "select id from kernel.decision where area_code like :town limit 1"
        place.ids["eldercare.decision_id"] = await self.one("eldercare", sql, town=town)
        place.ids["visit_id"] = await self.one("relief", "select id from visit where area_code like :town", town=town)


def month() -> str:
    """This one."""
    return f"{clock.today():%Y-%m}"


def days_ago(number: int) -> str:
    return date.isoformat(clock.today() - timedelta(days=number))
