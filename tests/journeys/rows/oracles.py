"""What is whose, in plain SQL: for each kind of row its id, area, house and the persons it is for.

Written from the rules, not from the tables' declarations: a wrong declaration must show. `LISTS` says what each list
shows, `TARGETS` what an id in a path means. A route without an entry fails the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass

EVERYONE = "everyone"
"""Reference data: areas, units, parameters."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one service: `select id, area, org, viewers`."""

    service: str
    sql: str


_NONE = "cast('{}' as text[])"
_TODAY = "cast(now() at time zone 'Asia/Shanghai' as date)"
_FAMILY = (
    "(select array_agg(m.person_id) from member m where m.household_id = {}.household_id"
    " and (m.valid_to is null or m.valid_to >= cast(now() at time zone 'Asia/Shanghai' as date)))"
)
_KIN = "(select array_agg(k.relative_id) from kinship k where k.person_id = {}.person_id and k.to_date is null)"

KINDS: Mapping[str, Kind] = {
    # brain
    "person": Kind("brain", "select id, area_code, '', array[id] from person"),
    "course": Kind("brain", "select p.id, p.area_code, '', p.id || (select array_agg(k.relative_id) from kinship k"
        " where k.person_id = p.id and k.to_date is null) from person p"),
    "kinship": Kind("brain", "select id, area_code, '', array[person_id] from kinship"),
    "consent": Kind("brain", "select id, area_code, '', array[person_id] from consent"),
    "timeline": Kind("brain", "select t.id, t.area_code, '', case when t.audience like 'family:%' then"
        f" t.person_id || {_KIN.format('t')} else array[t.person_id] end from timeline_entry t"),
    "account": Kind("brain", f"select id, area_code, '', {_NONE} from account"),
    "session": Kind("brain", f"select id, area_code, '', {_NONE} from session"),
    "post": Kind("brain", f"select id, area_code, '', {_NONE} from post"
        f" where valid_from <= {_TODAY} and (valid_to is null or valid_to > {_TODAY})"),
    "area": Kind("brain", f"select code, '', '', {_NONE} from area where valid_to is null"),
    "unit": Kind("brain", f"select unit_id, '', '', {_NONE} from unit_period where valid_to is null"),
    # eldercare
    "elder": Kind("eldercare", "select person_id, area_code, org_id, array[person_id] from elder"),
    "institution": Kind("eldercare", f"select id, area_code, id, {_NONE} from institution"),
    "bed": Kind("eldercare", f"select id, area_code, institution_id, {_NONE} from bed"),
    "code": Kind("eldercare", f"select code, area_code, institution_id, {_NONE} from bed"),
    "stay": Kind("eldercare", "select id, area_code, institution_id, array[person_id] from stay"),
    "waiting": Kind("eldercare", "select id, area_code, org_id, array[person_id] from waiting_entry where state = 'WAITING'"),  # noqa: E501
    "subsidy": Kind("eldercare", "select id, area_code, '', array[person_id] from subsidy"),
    "doubtful": Kind("eldercare", "select s.id, s.area_code, '', array[s.person_id] from subsidy s"
        " join elder e on e.person_id = s.person_id where s.state in ('ACTIVE', 'SUSPENDED')"
        " and ((e.life_status = 'DECEASED' and e.death_case_id is null)"
        " or (s.scheme = 'care_subsidy' and e.relief_class not in ('MINIMUM', 'MARGINAL')))"),
    "device": Kind("eldercare", "select id, area_code, '', array[person_id] from device"),
    "order": Kind("eldercare", "select id, area_code, provider_id, array[person_id] from home_order"),
    "death_report": Kind("eldercare", f"select id, area_code, org_id, {_NONE} from death_report"),
    "scan": Kind("eldercare", f"select id, area_code, institution_id, {_NONE} from bed_scan"),
    # money, in both services that pay
    "eldercare_batch": Kind("eldercare", f"select id, area_code, '', {_NONE} from kernel.payment_batch"),
    "eldercare_line": Kind("eldercare", "select id, area_code, org_id, array[person_id] from kernel.payment_line"),
    "eldercare_recovery": Kind("eldercare", "select id, area_code, org_id, array[person_id] from kernel.recovery"),
    "eldercare_decision": Kind("eldercare", "select id, area_code, org_id, array[person_id] from kernel.decision"),
    "eldercare_right": Kind("eldercare", "select id, area_code, org_id, array[person_id] from kernel.entitlement"),
    "relief_batch": Kind("relief", f"select id, area_code, '', {_NONE} from kernel.payment_batch"),
    "relief_line": Kind("relief", "select id, area_code, org_id, array[person_id] from kernel.payment_line"),
    "relief_recovery": Kind("relief", "select id, area_code, org_id, array[person_id] from kernel.recovery"),
    "relief_decision": Kind("relief", "select id, area_code, org_id, array[person_id] from kernel.decision"),
    "relief_right": Kind("relief", "select id, area_code, org_id, array[person_id] from kernel.entitlement"),
    "eldercare_payee": Kind("eldercare", "select distinct person_id, area_code, org_id, array[person_id]"
        " from kernel.entitlement"),
    "relief_payee": Kind("relief", "select distinct person_id, area_code, org_id, array[person_id]"
        " from kernel.entitlement"),
    # relief
    "household": Kind("relief", "select h.id, h.area_code, '', (select array_agg(m.person_id) from member m"
        f" where m.household_id = h.id and (m.valid_to is null or m.valid_to >= {_TODAY})) from household h"),
    "income": Kind("relief", "select i.seq, i.area_code, '', (select array_agg(m.person_id) from member m"
        f" where m.household_id = i.household_id and (m.valid_to is null or m.valid_to >= {_TODAY})) from income i"),
    "benefit": Kind("relief", "select c.id, c.area_code, '', (select array_agg(m.person_id) from member m"
        f" where m.household_id = c.household_id and (m.valid_to is null or m.valid_to >= {_TODAY}))"
        " from benefit_case c"),
    "member": Kind("relief", "select id, area_code, '', array[person_id] from member"),
    "recheck": Kind("relief", f"select r.id, r.area_code, '', {_NONE} from recheck r where exists (select 1"
        " from kernel.effect e where e.object_id = r.case_id and e.cause = r.cause and e.annulled_at is null)"),
    "visit": Kind("relief", f"select v.id, v.area_code, '', {_NONE} from visit v where (v.kind <> 'CONDOLENCE'"
        " or exists (select 1 from kernel.effect e where e.object_id = v.household_id and e.cause = v.cause"
        " and e.annulled_at is null))"
        " and (v.done_at is not null or exists (select 1 from member m where m.household_id = v.household_id"
        f" and (m.valid_to is null or m.valid_to >= {_TODAY}) and not exists (select 1 from kernel.effect d where"
        " d.object_kind = 'person' and d.object_id = m.person_id and d.annulled_at is null)))"),
    "filing": Kind("relief", f"select f.id, f.area_code, '', {_FAMILY.format('f')} from filing f"),
    "unvisited": Kind("relief", f"select id, area_code, '', {_NONE} from filing where is_current and is_positive"
        " and visited_on is null"),
    "unfiled": Kind("relief", f"select c.id, c.area_code, '', {_NONE} from benefit_case c where c.state = 'ACTIVE'"
        " and exists (select 1 from member m where m.household_id = c.household_id"
        f" and (m.valid_to is null or m.valid_to >= {_TODAY}) and not exists (select 1 from kernel.effect d where"
        " d.object_kind = 'person' and d.object_id = m.person_id and d.annulled_at is null))"
        " and (select count(*) from filing f where f.is_current and f.household_id = c.household_id) < 2"),
    "application": Kind("relief", f"select a.id, a.area_code, '', {_FAMILY.format('a')} from application a"),
    "application_step": Kind("relief", f"select s.seq, s.area_code, '', {_FAMILY.format('s')} from application_step s"),
    "application_file": Kind("relief", "select id, area_code, '', array[nullif(person_id, '')] from kernel.file"),
    "limit": Kind("relief", f"select id, area_code, '', {_NONE} from application_limit"),
    "running_limit": Kind("relief", f"select id, area_code, '', {_NONE} from application_limit where met_at is null"),
    "survey": Kind("relief", f"select id, area_code, '', {_NONE} from survey"),
    "village_notice": Kind("relief", f"select id, area_code, '', {_NONE} from publicity"),
    "hanging": Kind("relief", f"select id, area_code, '', {_NONE} from publicity"
        f" where result = '' and from_on <= {_TODAY} and to_on >= {_TODAY}"),
    "objection": Kind("relief", f"select id, area_code, '', {_NONE} from objection"),
    "complaint": Kind("relief", f"select id, area_code, '', {_NONE} from complaint"),
    "delegation": Kind("relief", f"select id, area_code, '', {_NONE} from delegation"),
    "spot_draw": Kind("relief", f"select id, area_code, '', {_NONE} from spot_draw"),
    "relief_notice": Kind("relief", "select id, area_code, '', array[person_id] from kernel.notice"),
    "spot_check": Kind("relief", f"select id, area_code, '', {_NONE} from spot_check"),
    "fact": Kind("relief", f"select id, area_code, '', {_NONE} from family_fact"),
    "warning": Kind("relief", f"select id, area_code, '', {_NONE} from warning"),
    "warning_change": Kind("relief", f"select seq, area_code, '', {_NONE} from warning_change"),
    "bill": Kind("relief", f"select id, area_code, '', {_NONE} from medical_bill"),
    "burden": Kind("relief", f"select id, area_code, '', {_NONE} from medical_burden"),
    "pair": Kind("relief", f"select id, area_code, '', {_NONE} from helper_pair where to_date is null"),
    "unpaired": Kind("relief", f"select h.id, h.area_code, '', {_NONE} from household h where exists (select 1 from"
        " visit v where v.household_id = h.id and v.kind = 'CARE' and v.state in ('PLANNED', 'ASSIGNED')) and not"
        " exists (select 1 from helper_pair p where p.household_id = h.id and p.to_date is null) and exists (select 1"
        f" from member m where m.household_id = h.id and (m.valid_to is null or m.valid_to >= {_TODAY}) and not exists"
        " (select 1 from kernel.effect d where d.object_kind = 'person' and d.object_id = m.person_id"
        " and d.annulled_at is null))"),
    "help_object": Kind("relief", f"select h.id, h.area_code, '', {_NONE} from household h where exists (select 1 from"
        " visit v where v.household_id = h.id and v.kind = 'CARE' and v.state in ('PLANNED', 'ASSIGNED'))"
        " and exists (select 1"
        f" from member m where m.household_id = h.id and (m.valid_to is null or m.valid_to >= {_TODAY}) and not exists"
        " (select 1 from kernel.effect d where d.object_kind = 'person' and d.object_id = m.person_id"
        " and d.annulled_at is null))"),
    "project": Kind("relief", f"select id, area_code, '', {_NONE} from help_project"),
    "warning_run": Kind("relief", f"select id, '', '', {_NONE} from warning_run"),
    "verification": Kind("relief", f"select v.id, v.area_code, '', {_FAMILY.format('v')} from verification v"),
    "verification_step": Kind("relief", f"select s.seq, s.area_code, '', {_FAMILY.format('s')} from verification_step s"),  # noqa: E501
    "verification_line": Kind("relief", "select id, area_code, '', array[holder_id] from verification_line"),
    "relief_file": Kind("relief", "select id, area_code, org_id, array[nullif(person_id, '')] from kernel.file"),
    "survey_contract": Kind("relief", f"select id, area_code, '', {_NONE} from survey_contract"),
    "field_visit": Kind("relief", f"select id, area_code, org_id, {_NONE} from field_visit"),
    "field_resample": Kind("relief", f"select id, area_code, '', {_NONE} from field_resample"),
    "temporary": Kind("relief", "select id, area_code, '', array[person_id] from temporary_case"),
    "temporary_step": Kind("relief", "select seq, area_code, '', array[person_id] from temporary_step"),
    "reserve": Kind("relief", f"select area_code, area_code, '', {_NONE} from reserve"),
    "reserve_entry": Kind("relief", f"select id, area_code, '', {_NONE} from reserve_entry"),
    "replenishment": Kind("relief", f"select id, area_code, '', {_NONE} from reserve_request"),
    # charity
    "giver": Kind("charity", "select person_id, area_code, '', array[person_id] from person"),
    "pairing": Kind("charity", "select id, area_code, donor_org_id, array[beneficiary_id, donor_person_id] from pairing"),  # noqa: E501
    "pledge": Kind("charity", "select id, area_code, donor_org_id, array[donor_person_id] from pledge"),
    "volunteer": Kind("charity", "select person_id, area_code, '', array[person_id] from volunteer"),
    "movement": Kind("charity", "select id, area_code, '', array[person_id] from points_movement"),
    "charity_notice": Kind("charity", "select id, area_code, '', array[person_id] from kernel.notice"),
    # affairs
    "death": Kind("affairs", "select c.id, c.area_code, c.org_id,"
        " (select array_agg(k.relative_id) from kin k where k.person_id = c.person_id) from death_case c"),
    "matter": Kind("affairs", "select c.id, c.area_code, c.org_id,"
        " (select array_agg(k.relative_id) from kin k where k.person_id = c.person_id) from death_case c"),
    "task": Kind("affairs", f"select matter_id || '/' || task_id, area_code, '', {_NONE} from kernel.matter_task"
        " where status not in ('WAITING', 'DONE', 'SKIPPED', 'WAIVED', 'COMPENSATED')"),
    "evidence": Kind("affairs", f"select id, area_code, '', {_NONE} from death_evidence"),
    "source": Kind("affairs", f"select id, area_code, '', {_NONE} from death_source"),
    "death_file": Kind("affairs", f"select id, area_code, '', {_NONE} from kernel.file"),
    "affairs_notice": Kind("affairs", "select id, area_code, '', array[person_id] from kernel.notice"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list shows. `key` names an item; `within` is the SQL column the id in the path narrows by."""

    kind: str
    key: tuple[str, ...] = ("id",)
    within: str = ""
    is_open: bool = False


LISTS: Mapping[str, Listing] = {
    "list_areas": Listing("area", ("code",), is_open=True),
    "list_units": Listing("unit", ("unitId",), is_open=True),
    "list_posts": Listing("post"),
    "list_accounts": Listing("account"),
    "list_sessions": Listing("session"),
    "list_people": Listing("person", ("personId",)),
    "list_kin": Listing("kinship", within="person_id"),
    "list_consents": Listing("consent", within="person_id"),
    "list_timeline": Listing("timeline", within="t.person_id"),
    "list_elders": Listing("elder", ("personId",)),
    "list_institutions": Listing("institution"),
    "list_beds": Listing("bed"),
    "list_bed_scans": Listing("scan", within="bed_id"),
    "list_waiting": Listing("waiting"),
    "list_stays": Listing("stay"),
    "list_subsidies": Listing("subsidy"),
    "list_doubtful_subsidies": Listing("doubtful"),
    "list_devices": Listing("device"),
    "list_orders": Listing("order"),
    "list_death_reports": Listing("death_report"),
    "list_households": Listing("household"),
    "list_incomes": Listing("income", ("fromMonth",), within="i.household_id"),
    "list_cases": Listing("benefit"),
    "list_rechecks": Listing("recheck"),
    "list_visits": Listing("visit"),
    "relief_list_notices": Listing("relief_notice"),
    "list_filings": Listing("filing", within="f.household_id"),
    "list_filings_to_visit": Listing("unvisited"),
    "list_unfiled": Listing("unfiled", ("caseId",)),
    "list_applications": Listing("application"),
    "list_application_files": Listing("application_file", ("fileId",), within="owner_id"),
    "list_limits": Listing("running_limit"),
    "list_application_limits": Listing("limit", within="application_id"),
    "list_steps": Listing("application_step", ("seq",), within="s.application_id"),
    "list_surveys": Listing("survey", within="application_id"),
    "list_application_notices": Listing("village_notice", within="owner_id"),
    "list_notices": Listing("hanging", is_open=True),
    "list_objections": Listing("objection", within="notice_id"),
    "list_complaints": Listing("complaint"),
    "list_delegations": Listing("delegation"),
    "list_draws": Listing("spot_draw"),
    "list_checks": Listing("spot_check"),
    "list_facts": Listing("fact", within="household_id"),
    "list_warnings": Listing("warning"),
    "list_warning_changes": Listing("warning_change", ("seq",), within="warning_id"),
    "list_warning_runs": Listing("warning_run", is_open=True),
    "list_bills": Listing("bill"),
    "list_burdens": Listing("burden"),
    "list_pairs": Listing("pair"),
    "list_unpaired": Listing("unpaired"),
    "list_verifications": Listing("verification"),
    "list_verification_lines": Listing("verification_line", within="verification_id"),
    "get_verification_report": Listing("verification_line", within="verification_id"),
    "list_verification_steps": Listing("verification_step", ("seq",), within="s.verification_id"),
    "list_verification_files": Listing("relief_file", ("fileId",), within="owner_id"),
    "list_survey_contracts": Listing("survey_contract"),
    "list_field_visits": Listing("field_visit"),
    "list_field_photos": Listing("relief_file", ("fileId",), within="owner_id"),
    "list_field_resamples": Listing("field_resample"),
    "list_temporary_cases": Listing("temporary"),
    "list_temporary_steps": Listing("temporary_step", ("seq",), within="case_id"),
    "list_reserves": Listing("reserve", ("areaCode",)),
    "list_reserve_entries": Listing("reserve_entry"),
    "list_replenishments": Listing("replenishment"),
    "list_help_objects": Listing("help_object", ("householdId",)),
    "list_help_projects": Listing("project"),
    "list_pairings": Listing("pairing"),
    "list_pledges": Listing("pledge"),
    "list_volunteers": Listing("volunteer", ("personId",)),
    "list_movements": Listing("movement", within="person_id"),
    "list_deaths": Listing("death"),
    "list_death_files": Listing("death_file", ("fileId",), within="owner_id"),
    "list_tasks": Listing("task", ("caseId", "taskId")),
    "charity_list_notices": Listing("charity_notice"),
    "affairs_list_notices": Listing("affairs_notice"),
    **{f"{service}_list_batches": Listing(f"{service}_batch") for service in ("eldercare", "relief")},
    **{f"{service}_list_batch_lines": Listing(f"{service}_line", within="batch_id") for service in ("eldercare", "relief")},  # noqa: E501
    **{f"{service}_list_recoveries": Listing(f"{service}_recovery") for service in ("eldercare", "relief")},
}  # fmt: skip

TARGETS: Mapping[tuple[str, str], str] = {
    ("brain", "code"): "area",
    ("brain", "unit_id"): "unit",
    ("brain", "account_id"): "account",
    ("brain", "session_id"): "session",
    ("brain", "person_id"): "person",
    ("brain", "relation_id"): "kinship",
    ("list_timeline", "person_id"): "course",
    ("eldercare", "person_id"): "elder",
    ("eldercare", "institution_id"): "institution",
    ("eldercare", "bed_id"): "bed",
    ("eldercare", "code"): "code",
    ("eldercare", "entry_id"): "waiting",
    ("eldercare", "stay_id"): "stay",
    ("eldercare", "subsidy_id"): "subsidy",
    ("eldercare", "device_id"): "device",
    ("eldercare", "order_id"): "order",
    ("relief", "person_id"): "relief_payee",
    ("eldercare_get_statement", "person_id"): "eldercare_payee",
    ("relief", "household_id"): "household",
    ("relief", "member_id"): "member",
    ("relief", "case_id"): "benefit",
    ("relief", "visit_id"): "visit",
    ("relief", "application_id"): "application",
    ("relief", "file_id"): "application_file",
    ("relief", "filing_id"): "filing",
    ("relief", "notice_id"): "village_notice",
    ("get_notice", "notice_id"): "hanging",
    ("relief", "complaint_id"): "complaint",
    ("relief", "delegation_id"): "delegation",
    ("relief", "check_id"): "spot_check",
    ("relief", "fact_id"): "fact",
    ("relief", "warning_id"): "warning",
    ("relief", "bill_id"): "bill",
    ("relief", "burden_id"): "burden",
    ("relief", "pair_id"): "pair",
    ("relief", "verification_id"): "verification",
    ("relief", "temporary_id"): "temporary",
    ("relief", "replenishment_id"): "replenishment",
    ("get_verification_file", "file_id"): "relief_file",
    ("relief", "contract_id"): "survey_contract",
    ("relief", "field_visit_id"): "field_visit",
    ("get_field_photo", "file_id"): "relief_file",
    ("relief", "resample_id"): "field_resample",
    ("relief", "project_id"): "project",
    ("charity", "person_id"): "giver",
    ("leave_volunteers", "person_id"): "volunteer",
    ("charity", "pairing_id"): "pairing",
    ("charity", "pledge_id"): "pledge",
    ("charity", "movement_id"): "movement",
    ("affairs", "case_id"): "death",
    ("get_matter", "case_id"): "matter",
    ("get_diagram", "case_id"): "matter",
    ("affairs", "evidence_id"): "evidence",
    ("affairs", "source_id"): "source",
    ("affairs", "file_id"): "death_file",
    ("affairs", "task_id"): "task",
    **{(service, f"{name}_id"): f"{service}_{name}" for service in ("eldercare", "relief")
       for name in ("batch", "recovery", "decision")},
    **{(service, "parameter"): EVERYONE for service in ("eldercare", "relief")},
    **{(service, "event_id"): EVERYONE for service in ("brain", "eldercare", "relief", "charity", "affairs")},
}  # fmt: skip
"""(service or operation, name in the path) → kind. An operation's own entry wins."""

OPEN = frozenset({"area", "unit", "hanging", EVERYONE})


def target(service: str, op: str, name: str) -> str | None:
    """What an id in a path means."""
    return TARGETS.get((op, name)) or TARGETS.get((service, name))
