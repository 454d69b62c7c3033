"""A valid body for each operation that takes one, made of what stands in a place. A new writing route needs its own."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from shared import clock
from shared.china import credit_code
from shared.db.principals import Role
from tests.journeys.rows.furniture import CARD, FIELD_FORM, FREE_NUMBER, OPINION, PHOTO, Place, days_ago, month

Make = Callable[[Place], Any]

_WHY = {"reason": "示例"}
_SOURCE = {Role.RESIDENT: "FAMILY", Role.VILLAGE_CLERK: "VILLAGE", Role.GRID_WORKER: "VILLAGE"}
_SOURCE |= {Role.HOTLINE_OPERATOR: "HOTLINE", Role.FUNERAL_STAFF: "FUNERAL_HOME"}


def _why(_place: Place) -> Any:
    return _WHY


def _person(place: Place) -> Any:
    return {"personId": place["person_id"]}


def _member(person_id: str) -> dict[str, Any]:
    return {
        "personId": person_id, "name": "安示宁", "birth": "1950-01-01", "relation": "OTHER",
        "validFrom": f"{month()}-01",
    }  # fmt: skip


def _pairing(place: Place) -> Any:
    return {
        "kind": "STUDY", "beneficiaryId": place["person_id"], "beneficiaryName": "安示宁", "called": "安安",
        "needs": "陪伴", "donor": {"name": "李示海", "personId": place["donor_id"]}, "startsOn": days_ago(0),
        "consent": {"id": f"B-{place.name}", "on": days_ago(1), "by": "SELF"}, "endsOn": days_ago(-10),
    }  # fmt: skip


def _pledge(place: Place) -> Any:
    parties = {"beneficiaryId": place["person_id"], "donorPersonId": place["donor_id"]}
    return parties | {"amount": "1.00", "fromMonth": days_ago(0), "toMonth": days_ago(-40)}


def _order(place: Place) -> Any:
    slot = (clock.now() + timedelta(days=1)).isoformat()
    return {"personId": place["person_id"], "item": "助浴", "providerId": place["institution_id"], "slotFrom": slot}


def _hours(_place: Place) -> Any:
    begun = clock.now() - timedelta(hours=5)
    return {"startedAt": begun.isoformat(), "endedAt": (begun + timedelta(hours=2)).isoformat(), "ref": "B-hours"}


def _submitted(_place: Place) -> Any:
    check = {"at": clock.now().isoformat(), "remoteReason": "封航"}
    return {"met": "SELF", "answers": {"LIVING": "示例"}, "checkIn": check}


def _bill(place: Place) -> Any:
    bill = {"billNo": "B-bill", "settledOn": days_ago(0), "total": "100.00", "outOfScope": "0.00"}
    return _person(place) | bill


def _household(place: Place) -> Any:
    members = [_member(place["spare_id"]) | {"relation": "SELF"}]
    family = {"areaCode": place.area, "registeredArea": place.area, "members": members, "monthlyIncome": "0.00"}
    return family | {"incomeFrom": month()}


BODIES: Mapping[str, Make] = {
    # brain
    "found_unit": lambda p: {"name": "示例组", "kind": "DEPARTMENT", "areaCode": p.area, "fromDate": days_ago(0)},
    "change_unit": lambda _: {"name": "示例组", "fromDate": days_ago(-1)},
    "close_unit": lambda _: {"fromDate": days_ago(-1)},
    "create_account": lambda p: {
        "username": "rows-new", "name": "示例", "areaCode": p.area, "initialPassword": "Zhoushan-2026-x!",
    },
    "lock_account": _why,
    "unlock_account": _why,
    "reset_account": lambda _: _WHY | {"initialPassword": "Zhoushan-2026-y!"},
    "appoint": lambda p: {"unitId": p["unit_id"], "role": "VILLAGE_CLERK", "fromDate": days_ago(-3)},
    "end_post": lambda p: {"postId": p["post_id"], "onDate": days_ago(-2)},
    "revoke_session": _why,
    "register_person": lambda p: {"name": "安示宁", "areaCode": p.area, "birth": "1990-01-01", "sex": 1},
    "look_up_person": lambda p: {"idNumber": p["number"]},
    "correct_person": lambda _: _WHY | {"maritalStatus": "10"},
    "give_number": lambda _: _WHY | {"idNumber": FREE_NUMBER},
    "move_person": lambda p: {"toArea": p.area, "onDate": days_ago(0)},
    "merge_people": lambda p: _WHY | {"dropId": p["spare_id"]},
    "correct_records": lambda p: _WHY | {"toId": p["spare_id"], "recordIds": ["x"]},
    "relate": lambda p: {"relativeId": p["spare_id"], "kind": "SIBLING", "fromDate": days_ago(0)},
    "end_relation": lambda _: _WHY | {"toDate": days_ago(0)},
    "give_consent": lambda _: {"purpose": "DEVICE_TRACKING"},
    "withdraw_consent": lambda _: {"purpose": "PHOTO"},
    # eldercare
    "change_elder": lambda _: {"living": "ALONE"},
    "add_institution": lambda p: {
        "id": "rows-home", "uscc": credit_code.make("53", "330999", "MJ900001"), "name": "示例院", "areaCode": p.area,
        "kind": "PUBLIC",
    },
    "add_bed": lambda p: {"institutionId": p["institution_id"], "bedNo": "Q1", "type": "NORMAL"},
    "step_bed": lambda _: {"action": "repair"},
    "claim_bed": _person,
    "check_in": lambda _: {"contractNo": "HT"},
    "note_absence": lambda _: {"action": "leave"},
    "check_out": _why,
    "cancel_reservation": _why,
    "join_waiting": _person,
    "choose_support": lambda _: {"support": "CENTRAL", "askedOn": days_ago(0)},
    "apply_for_subsidy": lambda p: _person(p) | {"scheme": "care_subsidy", "fromMonth": month()},
    "propose_subsidies": lambda _: {"month": month()},
    "run_subsidies": lambda p: {"month": month(), "areaCode": p.town},
    "confirm_subsidies": lambda p: {"ids": [p["subsidy_id"]]},
    "activate_subsidies": lambda p: {"ids": [p["subsidy_id"]]},
    "refuse_subsidy": _why,
    "suspend_subsidy": _why,
    "end_subsidy": lambda _: _WHY | {"lastMonth": month()},
    "set_subsidy_account": lambda _: {"holder": "安示宁", "card": CARD},
    "issue_device": lambda p: _person(p) | {"kind": "WATCH", "serialNo": "B-1"},
    "step_device": lambda _: {"action": "recall"},
    "create_order": _order,
    "dispatch_order": lambda _: {"carerId": "carer"},
    "cancel_order": _why,
    "flag_order": _why,
    "review_order": lambda _: _WHY | {"outcome": "clear"},
    "report_death": lambda _: {"deathDate": days_ago(2), "place": "家中"},
    # relief
    "create_household": _household,
    "add_member": lambda p: _member(p["spare_id"]),
    "remove_member": lambda _: _WHY | {"on": days_ago(0)},
    "add_condition": lambda _: {"kind": "SEVERE_DISABILITY", "fromMonth": month()},
    "declare_income": lambda _: {"fromMonth": month(), "monthlyIncome": "10.00"},
    "open_case": lambda p: {
        "householdId": p["household_id"], "kind": "DIBAO", "fromMonth": month(), "withinProperty": True,
    },
    "close_case": lambda _: _WHY | {"fromMonth": month()},
    "set_account": lambda p: _person(p) | {"holder": "安示宁", "card": CARD},
    "add_application_file": lambda _: b"%PDF-1.7 rows",
    "declare_filing": lambda p: {
        "kind": "CARD", "isPositive": False, "declaredBy": p["person_id"], "declaredOn": days_ago(0),
    },
    "visit_filing": lambda _: {"visitedOn": days_ago(0), "visitors": ["王示一", "李示二"], "finding": "示例"},
    "apply_for_relief": lambda p: {"householdId": p["household_id"]},
    "submit_application": lambda p: {"signedOn": days_ago(0), "authorisedBy": [p["person_id"]]},
    "ask_for_correction": _why,
    "withdraw_application": _why,
    "terminate_application": _why,
    "add_survey": lambda _: {
        "surveyedOn": days_ago(0), "surveyors": ["王示一", "李示二"], "isSigned": True, "finding": "示例",
    },
    "object_to_check": _why,
    "form_opinion": lambda _: OPINION,
    "publish_opinion": lambda _: {"place": "示例村", "text": "示例"},
    "object_to_notice": lambda _: {"text": "示例"},
    "hand_over_application": _why,
    "approve_application": _why,
    "reject_application": _why,
    "return_application": _why,
    "record_service": lambda _: {"servedOn": days_ago(0), "how": "示例"},
    "complain_of_decision": lambda _: {"text": "示例"},
    "answer_complaint": lambda _: {"answer": "示例"},
    "delegate_kind": lambda p: _WHY | {"areaCode": p.town, "kind": "MARGINAL", "fromOn": days_ago(0)},
    "step_delegation": lambda _: _WHY | {"action": "suspend"},
    "record_finding": lambda _: {"finding": "CONFIRM", "remark": "示例"},
    "record_correction": lambda _: {"correctedOn": days_ago(0), "words": "示例"},
    "open_verification": lambda p: {"householdId": p["household_id"]},
    "authorise_verification": lambda p: {"authorisations": [{"idNumber": p["number"], "signedOn": days_ago(0)}]},
    "withdraw_authorisation": _why,
    "ask_source_again": lambda _: {"source": "BANKS"},
    "answer_for_source": lambda _: {"source": "BANKS", "document": "示例", "lines": []},
    "close_source": lambda _: _WHY | {"source": "BANKS"},
    "object_to_report": _why,
    "recheck_verification": lambda _: {"ask": ["BANKS"]},
    "add_verification_file": lambda _: b"%PDF-1.7 rows",
    "make_survey_contract": lambda p: {
        "areaCode": p.town, "orgId": "rows", "orgName": "示例", "contractNo": "1", "fromOn": days_ago(0),
        "toOn": days_ago(-1),
    },
    "assign_field_visit": lambda p: {"contractId": p["contract_id"], "householdId": p["household_id"]},
    "add_field_photo": lambda _: PHOTO,
    "submit_field_visit": lambda _: FIELD_FORM | {
        "visitedOn": days_ago(0), "surveyors": ["王示一", "李示二"], "isSigned": True, "latitude": 29.7,
        "longitude": 122.1,
    },
    "look_again": lambda _: FIELD_FORM,
    "apply_for_temporary_relief": lambda p: {
        "areaCode": p.area, "residence": "REGISTERED", "kind": "URGENT", "cause": "FIRE", "causeText": "示例",
        "people": [{"name": "安示宁", "idNumber": p["number"]}], "householdId": p["household_id"],
    },
    "decide_urgent_case": lambda _: _WHY | {"level": "I"},
    "survey_temporary_case": lambda _: {"level": "I", "surveyors": ["王示一", "李示二"], "finding": "示例"},
    "publish_temporary_case": lambda _: {"place": "示例村"},
    "approve_temporary_case": _why,
    "reject_temporary_case": lambda _: _WHY | {"legalBasis": "示例"},
    "pay_temporary_case": lambda _: {"how": "CASH"},
    "order_temporary_payment": lambda _: {"holder": "安示宁", "card": CARD},
    "complete_temporary_case": lambda _: _WHY | {"papers": ["收条"]},
    "open_reserve": lambda p: {"areaCode": p.town},
    "ask_to_fill_reserve": lambda p: {"areaCode": p.town},
    "recheck_case": lambda _: {"monthlyIncome": "10.00", "effectiveMonth": month(), "remark": "示例"},
    "complete_visit": lambda _: {"remark": "示例"},
    "record_fact": lambda _: {"kind": "HARDSHIP_CALL", "since": days_ago(0), "source": "示例"},
    "end_fact": lambda _: {"until": days_ago(0)},
    "visit_for_warning": lambda _: {"hasOfferedRelief": True},
    "dispose_of_warning": lambda _: {"disposal": "NO_DIFFICULTY", "remark": "示例"},
    "assign_visit": lambda _: {"helperId": "helper"},
    "check_in_visit": lambda _: {"at": clock.now().isoformat(), "remoteReason": "封航"},
    "submit_visit": _submitted,
    "set_home": lambda _: {"latitude": 29.9, "longitude": 122.3},
    "make_pair": lambda p: {"householdId": p["household_id"], "helperId": "helper-2", "helperName": "李示海"},
    "offer_help_project": lambda p: {
        "areaCode": p.area, "need": "FOOD", "title": "示例", "provider": "示例", "fromDate": days_ago(0),
    },
    "enter_bill": _bill,
    "receive_bills": lambda p: {"bills": [_bill(p)]},
    "assign_burden": lambda _: {"to": "helper"},
    "visit_for_burden": lambda _: {"outcome": "NO_DIFFICULTY", "remark": "示例"},
    "assess_family": lambda p: {"areaCode": p.area, "monthlyIncome": "0.00", "members": [{"birth": "1950-01-01"}]},
    # money
    **{f"{service}_open_batch": (lambda p, scheme=scheme: {"scheme": scheme, "month": month(), "areaCode": p.town})  # type: ignore[misc]
       for service, scheme in (("eldercare", "longevity"), ("relief", "dibao"))},
    **{f"{service}_enter_returns": (lambda _: {"rows": [{"lineId": "1", "outcome": "PAID"}]})
       for service in ("eldercare", "relief")},
    **{f"{service}_enter_returns_file": (lambda _: "流水号,结果,金额,原因\n1,成功,,\n".encode())
       for service in ("eldercare", "relief")},
    **{f"{service}_enter_repayment": (lambda _: {"amount": "1.00"}) for service in ("eldercare", "relief")},
    **{f"{service}_write_off_recovery": _why for service in ("eldercare", "relief")},
    # charity
    "begin_pairing": _pairing,
    "end_pairing": lambda _: {"reason": "FINISHED"},
    "promise_pledge": _pledge,
    "register_volunteer": lambda p: {"personId": p["spare_id"]},
    "earn_by_hours": _hours,
    "earn_by_gift": lambda _: {"amount": "500.00", "onDate": days_ago(1), "ref": "B-gift"},
    "redeem_points": lambda _: {"use": "GOODS", "points": 1, "item": "示例"},
    "reverse_points": _why,
    # affairs
    "report_death_case": lambda p: _person(p) | {"source": "TOWN", "deathDate": days_ago(2), "place": "家中"},
    "give_evidence": lambda _: {"kind": "police_deregistration", "idNumber": FREE_NUMBER},
    "add_death_file": lambda _: b"%PDF-1.7 rows",
    "withdraw_evidence": _why,
    "withdraw_source": _why,
    "confirm_death": lambda _: {"deathDate": days_ago(3)},
    "dismiss_death": _why,
    "request_revocation": lambda _: _WHY | {"evidence": "示例"},
    "decline_revocation": _why,
    "complete_task": lambda _: {"outcome": "nothing_to_do", "reason": "示例"},
    "waive_task": _why,
    "take_task_over": _why,
    "attend_to_task": _why,
    "compensate_task": _why,
    "receive_material": lambda _: {"material": "示例"},
    "appoint_task": lambda _: {"on": days_ago(-5)},
    "migrate_matter": lambda _: {"toVersion": 1, "dryRun": False},
}  # fmt: skip


def body_for(op: str, place: Place, role: Role) -> Any:
    """What this role would send about what stands in the place."""
    if op not in BODIES:
        return None
    body = BODIES[op](place)
    if op == "report_death_case" and role in _SOURCE:
        body["source"] = _SOURCE[role]
    return body
