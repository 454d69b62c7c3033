"""Pairings on the wire: to each side what is hers to know."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.charity.law import in_force
from services.charity.pairing import service
from services.charity.pairing.rules import Consent, age_on
from services.charity.pairing.tables import Pairing
from shared.db.principals import Scope
from shared.db.unit import UnitOfWork
from shared.ids import PersonId
from shared.security.masking import BirthDate, Grade, PersonName, PersonNameIn, mask_name, revealed
from shared.web import Wire
from shared.web.wire import LongText, ShortText

Kind = Literal["STUDY", "LIVING", "COMPANION"]
State = Literal["RUNNING", "STOPPED", "WAITING", "ENDED"]
ContactRule = Literal["SOCIAL_WORKER", "SUPERVISED", "DIRECT"]
EndReason = Literal["FINISHED", "CONSENT_WITHDRAWN", "DONOR_LEFT", "MOVED_AWAY", "OTHER"]
OrgId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
ConsentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class DonorIn(Wire):
    """捐助方：个人（personId）或单位（orgId）二选一。"""

    name: ShortText
    person_id: PersonId | None = None
    org_id: OrgId | None = None
    is_anonymous: bool = False


class ConsentIn(Wire):
    """受助人或其监护人签署的单独同意。"""

    id: ConsentId = Field(description="同意书编号")
    on: date
    by: Literal["SELF", "GUARDIAN"]


class PairingIn(Wire):
    """新的结对。"""

    kind: Kind
    beneficiary_id: PersonId
    beneficiary_name: PersonNameIn
    called: PersonNameIn = Field(description="对捐助人使用的称呼，不是全名")
    needs: LongText
    donor: DonorIn
    consent: ConsentIn | None = None
    contact_rule: ContactRule = "SOCIAL_WORKER"
    starts_on: date
    ends_on: date

    def as_new(self) -> service.NewPairing:
        """What the service takes."""
        donor = service.Donor(self.donor.name, self.donor.person_id, self.donor.org_id, self.donor.is_anonymous)
        consent = Consent(self.consent.id, self.consent.on, self.consent.by) if self.consent else None
        return service.NewPairing(
            kind=self.kind,
            beneficiary_id=self.beneficiary_id,
            beneficiary_name=self.beneficiary_name,
            called=self.called,
            needs=self.needs,
            donor=donor,
            consent=consent,
            contact_rule=self.contact_rule,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
        )


class EndIn(Wire):
    """结束结对的原因。"""

    reason: EndReason


class BeneficiaryOut(Wire):
    """受助人。捐助方只看到称呼和需求。"""

    person_id: str | None
    name: PersonName | None
    called: str
    needs: str | None
    is_minor: bool


class DonorOut(Wire):
    """捐助方。"""

    person_id: str | None
    org_id: str | None
    name: PersonName | None
    is_anonymous: bool


class ConsentOut(Wire):
    """同意书。"""

    id: str
    on: date
    by: str


class PairingOut(Wire):
    """一项结对，按查看人的身份给出内容。"""

    id: str
    kind: Kind
    state: State
    area_code: str | None
    beneficiary: BeneficiaryOut
    donor: DonorOut
    consent: ConsentOut | None
    contact_rule: ContactRule
    starts_on: date
    ends_on: date
    ended_on: date | None
    end_reason: str
    version: int

    @classmethod
    def of(cls, unit: UnitOfWork, pairing: Pairing) -> PairingOut:
        """As the caller may see it."""
        is_donor = service.is_for_eyes_of_donor(unit, pairing)
        is_staff = unit.principal.scope is Scope.AREA
        return cls(
            id=pairing.id,
            kind=pairing.kind,  # type: ignore[arg-type]
            state=pairing.state,  # type: ignore[arg-type]
            area_code=None if is_donor else pairing.area_code,
            beneficiary=_beneficiary(unit, pairing, is_donor=is_donor),
            donor=_donor(unit, pairing, knows=is_donor or is_staff),
            consent=(
                ConsentOut(id=pairing.consent_id, on=pairing.consent_on, by=pairing.consent_by) if is_staff else None
            ),
            contact_rule=pairing.contact_rule,  # type: ignore[arg-type]
            starts_on=pairing.starts_on,
            ends_on=pairing.ends_on,
            ended_on=pairing.ended_on,
            end_reason=pairing.end_reason if is_staff else "",
            version=pairing.version,
        )


class UnmaskedBeneficiary(Wire):
    """受助人的完整信息，须说明查看理由。"""

    person_id: str
    name: PersonName
    birth: BirthDate
    called: str
    needs: str

    @classmethod
    def of(cls, unit: UnitOfWork, pairing: Pairing) -> UnmaskedBeneficiary:
        """Inside an unmask route."""
        return cls(
            person_id=pairing.beneficiary_id,
            name=service.opened(unit, pairing, "beneficiary_name"),
            birth=pairing.beneficiary_birth,
            called=service.opened(unit, pairing, "called"),
            needs=service.opened(unit, pairing, "needs"),
        )


class PairingFigures(Wire):
    """专栏4.2：对口帮扶的孤困儿童人数。"""

    children: int | str = Field(description="人数；区级以下人员看到的小数目为“<5”")
    target: int


def _beneficiary(unit: UnitOfWork, pairing: Pairing, *, is_donor: bool) -> BeneficiaryOut:
    law = in_force(unit.today, pairing.area_code)
    age = age_on(pairing.beneficiary_birth, unit.today)
    # Below this age all is L4 (PIPL 28, 31): what L3 would show stays masked.
    is_strict = age < law.whole("pairing.strict_age") and revealed() < Grade.L4
    name = service.opened(unit, pairing, "beneficiary_name")
    return BeneficiaryOut(
        person_id=None if is_donor else pairing.beneficiary_id,
        name=None if is_donor else mask_name(name) if is_strict else name,
        called=service.opened(unit, pairing, "called"),
        needs=None if is_strict and not is_donor else service.opened(unit, pairing, "needs"),
        is_minor=age < law.whole("pairing.adult_age"),
    )


def _donor(unit: UnitOfWork, pairing: Pairing, *, knows: bool) -> DonorOut:
    hidden = pairing.is_anonymous and not knows
    return DonorOut(
        person_id=None if hidden else pairing.donor_person_id,
        org_id=None if hidden else pairing.donor_org_id,
        name=None if hidden else service.opened(unit, pairing, "donor_name"),
        is_anonymous=pairing.is_anonymous,
    )
