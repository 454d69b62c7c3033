"""What a pairing needs before it may begin, and in which state it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.db.problems import Conflict, Invalid


class PlaceTaken(Conflict):
    code = "pairing_place_taken"
    detail = "该对象已有同类结对帮扶"


class ConsentUsed(Conflict):
    code = "consent_used"
    detail = "该同意书已用于另一结对，请重新取得同意"


class PairingEnded(Conflict):
    code = "pairing_ended"
    detail = "该结对已结束"


class PairingNotWaiting(Conflict):
    code = "pairing_not_waiting"
    detail = "只有等待恢复的结对可以恢复"


@dataclass(frozen=True, slots=True)
class Consent:
    """A signed consent: its number, its day, who gave it (SELF or GUARDIAN)."""

    id: str
    on: date
    by: str


def age_on(birth: date, on: date) -> int:
    """Completed years; someone born on 29 February completes hers on 1 March where the year has none."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def born_by(on: date, age: int) -> date:
    """The latest birth date of those who have completed `age` on a day."""
    try:
        return on.replace(year=on.year - age)
    except ValueError:
        return date(on.year - age, 2, 28)


def check_consent(consent: Consent | None, *, today: date, age: int, strict_age: int) -> Consent:
    """Pairing needs a separate consent, below `strict_age` the guardian's (PIPL 29, 31)."""
    if consent is None:
        raise Invalid("consent_required", "结对须先取得受助人或其监护人的单独同意", field="consent")
    if consent.on > today:
        raise Invalid("consent_in_future", "同意日期晚于今天", field="consent.on")
    if age < strict_age and consent.by != "GUARDIAN":
        raise Invalid("guardian_consent_required", f"未满{strict_age}周岁须由监护人同意", field="consent.by")
    return consent


def check_contact(contact_rule: str, *, age: int, adult_age: int) -> None:
    """Donor and child meet through the social worker or in her presence (domain §6.5)."""
    if age < adult_age and contact_rule == "DIRECT":
        raise Invalid("contact_rule_minor", "与未成年人联系须通过社工或由社工陪同", field="contactRule")


def check_term(starts_on: date, ends_on: date, today: date) -> None:
    """A pairing has a beginning, an end, and is not entered after its end."""
    if ends_on < starts_on:
        raise Invalid("term_reversed", "结束日期早于开始日期", field="endsOn")
    if ends_on < today:
        raise Invalid("term_over", "结束日期已过", field="endsOn")


def check_parties(beneficiary_id: str, donor_person_id: str | None, donor_org_id: str | None) -> None:
    """Exactly one donor, and not the beneficiary herself."""
    if bool(donor_person_id) == bool(donor_org_id):
        raise Invalid("one_donor", "捐助方须为一人或一家单位", field="donor")
    if donor_person_id == beneficiary_id:
        raise Invalid("donor_is_beneficiary", "捐助人与受助人不能为同一人", field="donor.personId")


def state_of(*, is_ended: bool, is_stopped: bool, is_waiting: bool) -> str:
    """The state that follows from the facts."""
    if is_ended:
        return "ENDED"
    if is_stopped:
        return "STOPPED"
    return "WAITING" if is_waiting else "RUNNING"


def shown_count(count: int, *, small_cell: int, is_district: bool) -> int | str:
    """A number of people, hidden where it is so small that it points at someone (domain §1.6)."""
    return count if is_district or count >= small_cell else f"<{small_cell}"
