"""The confirmation table (domain §10), row by row, and the properties it must have."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.affairs.deaths.rules import COUNTED, Paper, Source, assess

DAY = date(2026, 3, 1)
CERTIFICATE = Paper("medical_certificate", matches=True, death_date=DAY)
VILLAGE = Source("VILLAGE", "330903100201", DAY)
HOME = Source("INSTITUTION", "org-home", DAY)
SON = Source("FAMILY", "family-p1", DAY)
DAUGHTER = Source("FAMILY", "family-p1", DAY)
HOTLINE = Source("HOTLINE", "hotline", DAY)
UNDERTAKER = Source("FUNERAL_HOME", "org-f", DAY)

pytestmark = [
    pytest.mark.unit,
    pytest.mark.plan("A-09", part="when a death may be confirmed"),
]

ROWS = [
    # papers, sources → officers, what is still missing
    pytest.param([CERTIFICATE], [VILLAGE], 1, (), id="medical certificate"),
    pytest.param([Paper("police_statement", True, DAY)], [VILLAGE], 1, (), id="police statement stands for it"),
    pytest.param([Paper("foreign_certificate", True, DAY)], [SON], 1, (), id="foreign certificate stands for it"),
    pytest.param([Paper("police_deregistration", True)], [SON], 1, (), id="police deregistration"),
    pytest.param([Paper("court_declaration", None, DAY)], [SON], 1, (), id="court declaration"),
    pytest.param(
        [Paper("cremation_certificate", True)],
        [SON],
        1,
        ("medical_certificate",),
        id="cremation, the certificate is asked for",
    ),
    pytest.param([Paper("cremation_certificate", True), CERTIFICATE], [SON], 1, (), id="cremation and certificate"),
    pytest.param([], [VILLAGE, HOME], 2, ("medical_certificate",), id="two independent sources"),
    pytest.param([], [VILLAGE, SON, HOME], 2, ("medical_certificate",), id="three are no more than two"),
    pytest.param([], [SON, DAUGHTER], 0, ("medical_certificate",), id="one household counts once"),
    pytest.param([], [HOME, HOME], 0, ("medical_certificate",), id="one institution counts once"),
    pytest.param([], [VILLAGE], 0, ("medical_certificate",), id="one source"),
    pytest.param([], [VILLAGE, HOTLINE], 0, ("medical_certificate",), id="a hotline call is no source that counts"),
    pytest.param([], [SON, UNDERTAKER], 0, ("medical_certificate",), id="nor is the funeral home without a paper"),
    pytest.param([], [HOTLINE], 0, ("medical_certificate",), id="nobody whose word counts"),
    pytest.param(
        [Paper("medical_certificate", None, DAY)],
        [VILLAGE],
        0,
        ("medical_certificate",),
        id="a certificate whose identity nobody could check",
    ),
    pytest.param(
        [Paper("placement_certificate", True)], [VILLAGE], 0, ("medical_certificate",), id="ashes are no proof"
    ),
]


@pytest.mark.parametrize(("papers", "sources", "officers", "missing"), ROWS)
def test_the_table(papers: list[Paper], sources: list[Source], officers: int, missing: tuple[str, ...]) -> None:
    found = assess(papers, sources, [], tolerance=3)
    assert (found.officers, found.missing, found.contradictions) == (officers, missing, ())
    assert found.is_confirmable is (officers > 0)
    assert len(found.reasons) == 1
    assert not found.reasons[0].isascii()


CONTRADICTIONS = [
    pytest.param([CERTIFICATE, Paper("cremation_certificate", False)], [VILLAGE], [], "身份", id="somebody else's"),
    pytest.param([Paper("medical_certificate", False, DAY)], [VILLAGE, HOME], [], "身份", id="also with two sources"),
    pytest.param([CERTIFICATE], [Source("FAMILY", "f", DAY - timedelta(days=4))], [], "超过3日", id="4 days apart"),
    pytest.param([], [VILLAGE, Source("FAMILY", "f", DAY + timedelta(days=4))], [], "超过3日", id="sources 4 apart"),
    pytest.param([CERTIFICATE], [VILLAGE], [DAY], "见到本人健在", id="seen alive on that day"),
    pytest.param([CERTIFICATE], [VILLAGE], [DAY - timedelta(days=9), DAY + timedelta(days=9)], "健在", id="seen later"),
    pytest.param(
        [Paper("court_declaration", True, DAY)],
        [SON],
        [DAY + timedelta(days=1)],
        "健在",
        id="seen after the declared death",
    ),
    pytest.param([Paper("cremation_certificate", True)], [], [DAY], "健在", id="seen, and no date is told"),
]


@pytest.mark.parametrize(("papers", "sources", "seen", "words"), CONTRADICTIONS)
def test_contradictions_stop_it(papers: list[Paper], sources: list[Source], seen: list[date], words: str) -> None:
    found = assess(papers, sources, seen, tolerance=3)
    assert not found.is_confirmable
    assert len(found.contradictions) == 1
    assert words in found.contradictions[0]
    assert found.reasons == found.contradictions


@pytest.mark.parametrize(
    ("papers", "sources", "seen"),
    [
        pytest.param([CERTIFICATE], [Source("FAMILY", "f", DAY - timedelta(days=3))], [], id="three days apart"),
        pytest.param([CERTIFICATE], [VILLAGE], [DAY - timedelta(days=1)], id="seen alive the day before"),
        pytest.param(
            [Paper("court_declaration", True, DAY)],
            [Source("FAMILY", "f", DAY - timedelta(days=2000))],
            [],
            id="a declared death has its own date",
        ),
    ],
)
def test_no_contradiction(papers: list[Paper], sources: list[Source], seen: list[date]) -> None:
    assert assess(papers, sources, seen, tolerance=3).officers == 1


def test_the_date_is_the_courts_then_the_papers_then_the_peoples() -> None:
    early, late = DAY - timedelta(days=2), DAY + timedelta(days=1)
    said = [Source("VILLAGE", "v", early), Source("INSTITUTION", "h", late)]
    by_word = assess([], said, [], tolerance=3)
    assert (by_word.earliest, by_word.latest) == (early, late)
    by_paper = assess([CERTIFICATE], said, [], tolerance=3)
    assert (by_paper.earliest, by_paper.latest) == (DAY, DAY)
    assert by_paper.accepts(DAY)
    assert not by_paper.accepts(early)
    court = Paper("court_declaration", None, DAY + timedelta(days=400))
    by_court = assess([CERTIFICATE, court], said, [], tolerance=3)
    assert by_court.earliest == by_court.latest == DAY + timedelta(days=400)


# ── properties ───────────────────────────────────────────────────────────────────────────────────

dates = st.dates(DAY - timedelta(days=6), DAY + timedelta(days=6))
kinds = st.sampled_from(
    [
        *("medical_certificate", "police_statement", "foreign_certificate", "court_declaration"),
        *("cremation_certificate", "police_deregistration", "placement_certificate", "health_statement"),
    ]
)
papers = st.builds(Paper, kinds, st.sampled_from([True, False, None]), st.none() | dates)
sources = st.builds(Source, st.sampled_from([*sorted(COUNTED), "HOTLINE"]), st.sampled_from("abc"), dates)


@given(st.lists(papers, max_size=3), st.lists(sources, max_size=4), st.lists(dates, max_size=2))
def test_against_the_table_written_once_more(papers: list[Paper], sources: list[Source], seen: list[date]) -> None:
    """An oracle that walks the table from below: the weakest row first, contradictions by comparing all pairs."""
    told = [p.death_date for p in papers if p.death_date and p.kind != "court_declaration" and p.matches is not False]
    told += [s.death_date for s in sources]
    everything = told + [p.death_date for p in papers if p.death_date and p.kind == "court_declaration"]
    contradicts = (
        any(p.matches is False for p in papers)
        or any(abs((a - b).days) > 3 for a, b in product(told, told))
        or (any(day >= claim for day in seen for claim in everything) if everything else bool(seen))
    )
    expected = 0
    if any(a.unit != b.unit for a in sources for b in sources if {a.kind, b.kind} <= COUNTED):
        expected = 2
    for paper in papers:
        by_identity = paper.kind in ("medical_certificate", "police_statement", "foreign_certificate")
        by_itself = paper.kind in ("court_declaration", "cremation_certificate", "police_deregistration")
        if by_itself or (by_identity and paper.matches):
            expected = 1
    found = assess(papers, sources, seen, tolerance=3)
    assert found.officers == (0 if contradicts else expected)
    assert bool(found.contradictions) is contradicts


@given(st.lists(papers, max_size=3), st.lists(sources, max_size=4), st.randoms())
def test_the_order_of_coming_in_does_not_matter(papers: list[Paper], sources: list[Source], random) -> None:
    before = assess(papers, sources, [], tolerance=3)
    random.shuffle(papers)
    random.shuffle(sources)
    assert assess(papers, sources, [], tolerance=3) == before


@given(st.lists(papers, max_size=3), st.lists(sources, max_size=4))
def test_a_word_more_from_the_same_unit_changes_nothing(papers: list[Paper], sources: list[Source]) -> None:
    before = assess(papers, sources, [], tolerance=3)
    assert assess(papers, sources + sources, [], tolerance=3) == before
