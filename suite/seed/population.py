"""A synthetic Putuo: the same people every time, none of them real (ID area 330999 is assigned to nobody).

The plan's own figures are met exactly where they are registers the suite keeps: 2,799 low-income households with 3,408
persons and 369 marginal ones with 700 (B-02, B-03), 22 institutions with 2,616 beds of which 1,417 nursing (B-13,
B-14), 84 care centres (B-12), 5,476 one-key phones and 247 watches (B-20). The rest of the population stands at about
1:100 (domain §11), so that a suite is ready in seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from shared.china import credit_code, resident_id
from shared.security.person_key import PersonKey
from suite.seed.places import STORY_TOWN, STORY_VILLAGE, TOWNS, villages_of

SEED = 20_201_231
STORY_PEOPLE = 30
DESTITUTE_SHARE = 0.12

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = "安平海波明月清宁和顺福瑞春秋梅兰竹菊松柏江河山川云帆渔舟永康长乐"


@dataclass(frozen=True, slots=True)
class Person:
    """One synthetic person; names carry 示 so that nobody mistakes them for real ones."""

    person_id: str
    id_number: str
    name: str
    sex: int
    birth: date
    area_code: str
    phone: str
    marital: str = "90"

    def age(self, on: date) -> int:
        """Full years on a day."""
        return on.year - self.birth.year - ((on.month, on.day) < (self.birth.month, self.birth.day))


@dataclass(frozen=True, slots=True)
class Household:
    """A family in the relief registers; `income_fen` is its monthly total."""

    id: str
    kind: str  # DIBAO | TEKUN | MARGINAL
    area_code: str
    members: tuple[Person, ...]
    income_fen: int


@dataclass(frozen=True, slots=True)
class Home:
    """An institution or care centre with its beds."""

    id: str
    uscc: str
    name: str
    area_code: str
    kind: str
    bed_types: tuple[str, ...]


@dataclass(slots=True)
class Population:
    """Everything the suite is seeded with, before any service has seen it."""

    people: list[Person] = field(default_factory=list)
    couples: list[tuple[Person, Person]] = field(default_factory=list)
    households: list[Household] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)
    centres: list[Home] = field(default_factory=list)
    residents: list[tuple[Home, int, Person]] = field(default_factory=list)
    phones: list[Person] = field(default_factory=list)
    watches: list[Person] = field(default_factory=list)
    elders: list[Person] = field(default_factory=list)
    story: list[Household] = field(default_factory=list)
    story_home: Home | None = None
    relative: Person | None = None
    """The resident of the demo account: a daughter of the first story person."""


class _Maker:
    """Draws people; sequence numbers per birth date keep ID numbers unique."""

    def __init__(self, key: PersonKey, today: date) -> None:
        self.random = Random(SEED)
        self.today = today
        self._key = key
        self._sequences: dict[date, int] = {}
        self._phone = 0
        weights = {
            place.code: town.share / (town.villages + town.communities) for town in TOWNS for place in villages_of(town)
        }
        self._villages, self._weights = list(weights), list(accumulate(weights.values()))

    def village(self) -> str:
        return self.random.choices(self._villages, cum_weights=self._weights)[0]

    def person(self, ages: tuple[int, int], area_code: str, *, sex: int | None = None, marital: str = "90") -> Person:
        random = self.random
        sex = sex or random.choice((1, 2))
        days = random.randrange(ages[0] * 365 + 1, ages[1] * 365 + 364)
        birth = self.today - timedelta(days=days)
        taken = self._sequences.get(birth, 0)
        self._sequences[birth] = taken + 1
        number = resident_id.make("330999", birth, taken * 2 + (1 if sex == 1 else 2))
        name = random.choice(_SURNAMES) + "示" + random.choice(_GIVEN)
        self._phone += 1
        return Person(self._key.id_for(number), number, name, sex, birth, area_code, f"139{self._phone:08d}", marital)


def make_population(key: PersonKey, today: date) -> Population:
    """Draw it all. About 12,000 people in about a second."""
    made, maker = Population(), _Maker(key, today)
    _add_homes(made, maker)
    _add_story(made, maker)
    _add_relief(made, maker)
    _add_elders(made, maker)
    _add_others(made, maker)
    _fill_beds(made, maker)
    return made


def _uscc(number: int, kind: str = "52") -> str:
    return credit_code.make(kind, "330999", f"MJ{number:06d}")


def _add_homes(made: Population, maker: _Maker) -> None:
    """22 institutions: three kept town nursing homes (B-15), three medical-care combined, one consortium."""
    kept = {"330903003000": "东港", "330903005000": "展茅", "330903100000": "六横"}
    places = [*kept, *(town.code for town in TOWNS for _ in range(2) if town.code not in kept)]
    places += ["330903001000"] * (22 - len(places))
    beds = _bed_types(maker.random)
    share = len(beds) // 22
    for number, code in enumerate(places):
        name = f"{kept[code]}敬老院" if number < 3 else f"普陀示例养老院{number - 2:02d}"
        kind = "PUBLIC" if number < 3 else ("MEDICAL" if number < 6 else ("CONSORTIUM" if number == 6 else "PRIVATE"))
        end = None if number == 21 else (number + 1) * share
        types = tuple(beds[number * share : end])
        made.homes.append(Home(f"home-{number + 1:02d}", _uscc(number + 1), name, code, kind, types))
    made.story_home = next(home for home in made.homes if home.area_code == STORY_TOWN)
    villages = [place for town in TOWNS for place in villages_of(town)]
    for number, place in enumerate(villages[:84]):
        made.centres.append(
            Home(f"centre-{number + 1:02d}", _uscc(100 + number), f"{place.name}照料中心", place.code, "CENTRE", ())
        )


def _bed_types(random: Random) -> list[str]:
    """2,616 beds, 1,417 of them nursing or dementia (54.17 %)."""
    types = ["DEMENTIA"] * 217 + ["NURSING"] * 1200 + ["NORMAL"] * 1199
    random.shuffle(types)
    return types


def _add_story(made: Population, maker: _Maker) -> None:
    """Thirty couples of one village: he is over 80, draws 低保, lives in the home; she lives too."""
    for number in range(STORY_PEOPLE):
        his = maker.person((82, 93), STORY_VILLAGE, sex=1, marital="20")
        hers = maker.person((71, 79), STORY_VILLAGE, sex=2, marital="20")
        household = Household(f"story-{number + 1:02d}", "DIBAO", STORY_VILLAGE, (his, hers), 40_000 + 1_000 * number)
        made.people += [his, hers]
        made.elders += [his, hers]
        made.couples.append((his, hers))
        made.story.append(household)
        made.households.append(household)
    made.relative = maker.person((45, 55), STORY_VILLAGE, sex=2)
    made.people.append(made.relative)


def _sizes(total: int, persons: int, random: Random) -> Iterator[int]:
    """`total` households that hold exactly `persons`."""
    sizes = [1] * total
    for _ in range(persons - total):
        sizes[random.randrange(total)] += 1
    return iter(sizes)


def _add_relief(made: Population, maker: _Maker) -> None:
    story_persons = sum(len(household.members) for household in made.story)
    low = _sizes(2_799 - len(made.story), 3_408 - story_persons, maker.random)
    for number, size in enumerate(low):
        destitute = size == 1 and maker.random.random() < DESTITUTE_SHARE
        _add_household(made, maker, f"low-{number + 1:04d}", "TEKUN" if destitute else "DIBAO", size)
    for number, size in enumerate(_sizes(369, 700, maker.random)):
        _add_household(made, maker, f"marginal-{number + 1:03d}", "MARGINAL", size)


def _add_household(made: Population, maker: _Maker, name: str, kind: str, size: int) -> None:
    village = maker.village()
    ages = [(62, 92)] if kind == "TEKUN" or maker.random.random() < 0.7 else [(35, 62)]
    ages += [maker.random.choice(((4, 17), (30, 60), (61, 80))) for _ in range(size - 1)]
    members = tuple(maker.person(age, village) for age in ages)
    top = 1_200 if kind == "MARGINAL" else (0 if kind == "TEKUN" else 600)
    floor = 900 if kind == "MARGINAL" else 0
    income = sum(maker.random.randrange(floor, top + 1) for _ in members) * 100
    made.people += members
    made.elders += [person for person in members if person.age(maker.today) >= 60]
    made.households.append(Household(name, kind, village, members, income))


def _add_elders(made: Population, maker: _Maker) -> None:
    """Enough people over sixty that every device has its own."""
    while len(made.elders) < 5_476 + 247:
        village = maker.village()
        his = maker.person((60, 95), village, sex=1, marital="20")
        hers = maker.person((60, 92), village, sex=2, marital="20")
        made.people += [his, hers]
        made.elders += [his, hers]
        made.couples.append((his, hers))
    made.phones = made.elders[:5_476]
    made.watches = made.elders[5_476 : 5_476 + 247]


def _add_others(made: Population, maker: _Maker) -> None:
    """The people under sixty at 1:100 of the census."""
    for ages, count in (((1, 14), 378), ((15, 59), 2_493)):
        made.people += [maker.person(ages, maker.village()) for _ in range(count)]


def _fill_beds(made: Population, maker: _Maker) -> None:
    """Story people first, in the home of their town; then about six beds in ten elsewhere."""
    assert made.story_home is not None
    story = [household.members[0] for household in made.story]
    made.residents += [(made.story_home, bed, person) for bed, person in enumerate(story)]
    living_at_home = {person.person_id for household in made.story for person in household.members}
    candidates = [person for person in made.elders if person.person_id not in living_at_home]
    maker.random.shuffle(candidates)
    waiting = iter(candidates)
    for home in made.homes:
        first = len(story) if home is made.story_home else 0
        for bed in range(first, len(home.bed_types)):
            if maker.random.random() < 0.6:
                made.residents.append((home, bed, next(waiting)))
