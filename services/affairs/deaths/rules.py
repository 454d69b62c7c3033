"""When a death may be confirmed. The one table (domain §10), and nothing else decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shared.china import areas
from shared.db.principals import Principal, Role
from shared.db.problems import Invalid

MEDICAL = ("medical_certificate", "police_statement", "foreign_certificate")
"""Kinds a medical certificate (T01) may have; `health_statement` completes T01 too, but here it is a unit's word."""

COURT = "court_declaration"
DEREGISTRATION = "police_deregistration"
CREMATION = "cremation_certificate"

COUNTED = frozenset({"INSTITUTION", "VILLAGE", "TOWN", "FAMILY", "HOSPITAL"})
"""Sources whose word counts. A hotline call or a funeral home opens a case, and proves nothing without a paper."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper in the case. `matches`: its identity is the person's; None when it names none."""

    kind: str
    matches: bool | None
    death_date: date | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody's word. Sources of one `unit` (a household, an institution, a village) count once."""

    kind: str
    unit: str
    death_date: date


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the table says. `officers`: how many different ones must confirm, 0 while it cannot be confirmed.

    `reasons` are for people, in order; `missing` names papers that are still to be asked for; the death date to be
    confirmed lies in `earliest … latest`.
    """

    officers: int
    reasons: tuple[str, ...]
    missing: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    earliest: date | None = None
    latest: date | None = None

    @property
    def is_confirmable(self) -> bool:
        """Whether officers may confirm."""
        return self.officers > 0

    def accepts(self, death_date: date) -> bool:
        """Whether the date agrees with the evidence."""
        return self.earliest is not None and self.latest is not None and self.earliest <= death_date <= self.latest


def assess(
    papers: Sequence[Paper], sources: Sequence[Source], seen_alive: Collection[date], *, tolerance: int
) -> Assessment:
    """The table over what is in force in the case. `seen_alive`: days on which somebody saw the person alive;
    `tolerance`: days the stated dates may be apart."""
    earliest, latest = _dates(papers, sources)
    contradictions = tuple(_contradictions(papers, sources, seen_alive, tolerance))
    if contradictions:
        missing = _missing(papers)
        return Assessment(0, contradictions, missing, contradictions, earliest, latest)
    officers, reason, missing = _row(papers, sources)
    return Assessment(officers, (reason,), missing, (), earliest, latest)


def _row(papers: Sequence[Paper], sources: Sequence[Source]) -> tuple[int, str, tuple[str, ...]]:
    kinds = {paper.kind for paper in papers}
    if any(paper.kind in MEDICAL and paper.matches for paper in papers):
        return 1, "有身份相符的死亡证明，由一名经办人员确认", ()
    if COURT in kinds:
        return 1, "有人民法院宣告死亡判决，由一名经办人员确认", ()
    if DEREGISTRATION in kinds:
        return 1, "有公安机关户口注销证明，由一名经办人员确认", ()
    if CREMATION in kinds:
        return 1, "有火化证明，由一名经办人员确认；所缺的死亡证明应当补齐", _missing(papers)
    units = {source.unit for source in sources if source.kind in COUNTED}
    if len(units) >= 2:
        return 2, "没有证明材料，有两个以上相互独立的来源，须由两名经办人员分别确认", _missing(papers)
    if kinds.intersection(MEDICAL):
        return 0, "死亡证明未能核对身份，继续核实", _missing(papers)
    if units:
        return 0, "只有一个来源且没有证明材料，继续核实（同一家庭或同一单位的来源只计一个）", _missing(papers)
    return 0, "没有可以采信的来源或证明材料，继续核实", _missing(papers)


def _missing(papers: Iterable[Paper]) -> tuple[str, ...]:
    """A court that declares a death leaves no medical certificate to ask for."""
    has_one = any(paper.kind == COURT or (paper.kind in MEDICAL and paper.matches) for paper in papers)
    return () if has_one else ("medical_certificate",)


def _contradictions(
    papers: Sequence[Paper], sources: Sequence[Source], seen_alive: Collection[date], tolerance: int
) -> Iterable[str]:
    if any(paper.matches is False for paper in papers):
        yield "证明材料上的身份与本案人员不一致"
    # A declared death has the judgment's own date (CC 48): it is not measured against what people remember.
    told = [paper.death_date for paper in papers if paper.kind != COURT and paper.matches is not False]
    told += [source.death_date for source in sources]
    dates = sorted(found for found in told if found is not None)
    if dates and (dates[-1] - dates[0]).days > tolerance:
        yield f"各来源所称死亡日期相差超过{tolerance}日：{dates[0].isoformat()}至{dates[-1].isoformat()}"
    declared = [paper.death_date for paper in papers if paper.kind == COURT and paper.death_date is not None]
    claimed = min([*dates, *declared], default=None)
    seen = max(seen_alive, default=None)
    if seen is not None and (claimed is None or seen >= claimed):
        yield f"有人于{seen.isoformat()}见到本人健在"


def _dates(papers: Sequence[Paper], sources: Sequence[Source]) -> tuple[date | None, date | None]:
    """Where the date to be confirmed lies: the court's if there is one, else what papers say, else what people say."""
    fitting = [paper for paper in papers if paper.matches is not False and paper.death_date is not None]
    declared = [paper.death_date for paper in fitting if paper.kind == COURT]
    written = [paper.death_date for paper in fitting]
    dates = declared or written or [source.death_date for source in sources]
    known = [found for found in dates if found is not None]
    return (min(known), max(known)) if known else (None, None)


# ── dates and papers as they come in ─────────────────────────────────────────────────────────────

_REQUIRED: dict[str, tuple[str, ...]] = {
    "medical_certificate": ("id_number", "death_date"),
    "health_statement": ("issued_by", "issuer", "death_date"),
    "police_statement": ("id_number", "death_date"),
    "court_declaration": ("death_date",),
    "foreign_certificate": ("id_number", "death_date"),
    "cremation_certificate": ("id_number",),
    "police_deregistration": ("id_number",),
    "placement_certificate": ("on_date",),
    "seen_alive": ("on_date",),
}

_TITLES = {
    "id_number": "公民身份号码",
    "death_date": "死亡日期",
    "issued_by": "出具单位类别",
    "issuer": "出具单位",
    "on_date": "日期",
}


def absent(kind: str, given: Collection[str]) -> list[tuple[str, str]]:
    """`(field, title)` of what a piece of evidence of this kind must say and does not."""
    return [(field, _TITLES[field]) for field in _REQUIRED[kind] if field not in given]


class DateImpossible(Invalid):
    code = "death_date"


def check_date(on: date, *, birth: date | None, today: date, oldest_years: int, field: str = "deathDate") -> None:
    """Raises DateImpossible naming the field: in the future, before birth, or too long ago."""
    if on > today:
        raise DateImpossible("date_future", "日期晚于今天", field=field)
    if birth is not None and on < birth:
        raise DateImpossible("date_before_birth", "日期早于出生日期", field=field)
    if on.year < today.year - oldest_years:
        raise DateImpossible("date_too_old", f"日期距今超过{oldest_years}年，请核实", field=field)


# ── whose word it is ─────────────────────────────────────────────────────────────────────────────

_OWN_SOURCE = {
    Role.RESIDENT: "FAMILY",
    Role.VILLAGE_CLERK: "VILLAGE",
    Role.GRID_WORKER: "VILLAGE",
    Role.HOTLINE_OPERATOR: "HOTLINE",
    Role.FUNERAL_STAFF: "FUNERAL_HOME",
}
_TAKEN_DOWN = ("HOSPITAL", "FAMILY", "VILLAGE", "FUNERAL_HOME", "HOTLINE", "TOWN")
"""What a counter takes down for others."""


class SourceNotYours(Invalid):
    code = "source_not_yours"
    detail = "您不能以该来源报告"


class SourceNameless(Invalid):
    code = "source_unit_required"
    detail = "请填写来源单位名称"


def unit_of(source: str, *, who: Principal, person_id: str, area_code: str, named: str) -> str:
    """The unit that counts once: a household, a village, a town, a named hospital. Raises naming the field."""
    own = _OWN_SOURCE.get(who.role)
    if source != own and (own is not None or source not in _TAKEN_DOWN):
        raise SourceNotYours(field="source")
    if source == "FAMILY":
        return f"family-{person_id}"
    if source == "VILLAGE":
        return who.area_code if own else area_code
    if source == "TOWN":
        return areas.full(areas.prefix(area_code)[:9])
    if source == "HOTLINE":
        return "hotline"
    if source == "FUNERAL_HOME" and own:
        return who.org_id
    if not named:
        raise SourceNameless(field="sourceUnit")
    return named_unit(source, named)


def named_unit(source: str, name: str) -> str:
    """One unit under one id, however it is spaced."""
    return f"{source.lower()}:{''.join(name.split()).lower()}"


def unit_of_statement(issued_by: str, issuer: str, area_code: str) -> str:
    """A written statement is its unit's word: the village's own report and its paper count once."""
    return area_code if issued_by == "VILLAGE" else named_unit("HOSPITAL", issuer)
