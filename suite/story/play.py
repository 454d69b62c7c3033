"""The story: an elder of an outer island dies and everything stops by itself; another was reported by mistake and
everything comes back; the auditor checks the log. Each step is an act of one person through the gateway, and each is
looked at: a step that is not as expected ends the story, and the exit code says so."""

from statistics import median
from time import perf_counter
from typing import Any

from shared.settings import Settings
from suite.home import Home
from suite.story.audit import verify_logs
from suite.story.people import Cast, UnexpectedAnswer, eventually
from suite.story.picture import look_at
from suite.story.telling import say, tell_timeline, tell_what_changed

ANSWERED = ("T11", "T12", "T15", "T21", "T23")
"""The tasks the services answer by themselves."""

SEATS = (
    "resident", "village-clerk", "institution-admin", "town-clerk", "town-clerk-2", "district-officer",
    "district-reviewer", "finance-officer", "auditor",
)  # fmt: skip


async def play(address: str, settings: Settings, *, runs: int = 20) -> bool:
    """Play it all; True when every step was as expected."""
    people = Home(settings.home).read_story()
    async with Cast(settings, address) as cast:
        try:
            await cast.take_seats(*SEATS)
            fresh = await unused(cast)
            if len(fresh) < 3:
                say("故事中的人物都已用过；换一个 PUYOU_HOME 可重新开始 / all story people are used up")
                return False
            await _death(cast, fresh[0], reader="resident" if fresh[0] == people[0] else "town-clerk")
            await _mistake(cast, fresh[1])
            await _measure(cast, fresh[2 : 2 + runs])
            await _audit(cast)
        except UnexpectedAnswer as fault:
            say(f"✗ 与预期不符 / not as expected: {fault}")
            return False
    say("✓ 故事讲完，每一步都与预期一致 / every step was as expected")
    return True


async def unused(cast: Cast) -> list[dict[str, Any]]:
    """People of the story who have no death case yet."""
    fresh = []
    for person in Home(cast.settings.home).read_story():
        cases = await cast["district-officer"].get("/api/affairs/deaths", personId=person["personId"])
        if not cases["items"]:
            fresh.append(person)
    return fresh


async def confirmations(cast: Cast, people: list[dict[str, Any]]) -> list[float]:
    """One death after another: seconds from each confirmation until every service's answer is in the matter."""
    died_on, seconds = cast.days_ago(1), []
    for person in people:
        case_id = await _report(cast, person, died_on)
        await _give_certificate(cast, person, case_id, died_on)
        seconds.append(await _confirm(cast, person, case_id, died_on))
    return seconds


async def _death(cast: Cast, person: dict[str, Any], *, reader: str) -> None:
    say(f"\n一、{person['name']}去世 / an elder dies")
    died_on = cast.days_ago(2)
    before = await look_at(cast, person)
    say(f"  生前 / before: {before.told()}")
    case_id = await _report(cast, person, died_on)
    again = {"deathDate": died_on, "place": "六横敬老院"}
    await cast["institution-admin"].post(f"/api/eldercare/elders/{person['personId']}/death-report", again, status=202)
    cases, _ = await eventually(
        lambda: cast["town-clerk"].get(f"/api/affairs/deaths/{case_id}"),
        lambda case: len(case["sources"]) == 2,
        what="the second report joins the case",
    )
    _check(cases["id"] == case_id, "two reports make one case")
    _check((await look_at(cast, person)) == before, "a report alone stops nothing")
    say("  两份报告合为一案，未停发任何待遇 / two reports, one case, nothing stopped")
    hidden = await cast["town-clerk-2"].get("/api/affairs/deaths", personId=person["personId"])
    _check(hidden["items"] == [], "another town sees nothing")
    await cast["town-clerk-2"].get(f"/api/affairs/matters/{case_id}", status=404)
    await _give_certificate(cast, person, case_id, died_on)
    seconds = await _confirm(cast, person, case_id, died_on)
    after = await look_at(cast, person)
    _check(after.is_over(), f"everything has stopped: {after}")
    say(f"  确认后 {seconds * 1000:.0f} 毫秒各系统全部办结 / all services done {seconds * 1000:.0f} ms after it")
    tell_what_changed(before, after)
    await tell_timeline(cast, person, case_id, reader=reader)


async def _report(cast: Cast, person: dict[str, Any], died_on: str) -> str:
    """The village reports; the id of the case that opens."""
    body = {"deathDate": died_on, "place": "示例村卫生室", "note": "家属告知"}
    path = f"/api/eldercare/elders/{person['personId']}/death-report"
    await cast["village-clerk"].post(path, body, status=202)
    cases, _ = await eventually(
        lambda: cast["town-clerk"].get("/api/affairs/deaths", personId=person["personId"]),
        lambda found: len(found["items"]) == 1,
        what="a case opens",
    )
    return str(cases["items"][0]["id"])


async def _give_certificate(cast: Cast, person: dict[str, Any], case_id: str, died_on: str) -> None:
    evidence = {
        "kind": "medical_certificate",
        "idNumber": person["idNumber"],
        "deathDate": died_on,
    }
    await cast["town-clerk"].post(f"/api/affairs/deaths/{case_id}/evidence", evidence, status=201)


async def _confirm(cast: Cast, person: dict[str, Any], case_id: str, died_on: str) -> float:
    """Confirm; seconds until every service's answer is in the matter."""
    begun = perf_counter()
    await cast["district-officer"].post(f"/api/affairs/deaths/{case_id}/confirm", {"deathDate": died_on})
    await eventually(
        lambda: cast["town-clerk"].get(f"/api/affairs/matters/{case_id}"), _answered, what=f"{ANSWERED} are DONE"
    )
    del person
    return perf_counter() - begun


def _answered(matter: dict[str, Any]) -> bool:
    states = {task["id"]: task["state"] for task in matter["tasks"]}
    return all(states.get(task) == "DONE" for task in ANSWERED)


async def _mistake(cast: Cast, person: dict[str, Any]) -> None:
    say(f"\n二、{person['name']}被误报 / a mistaken report")
    died_on = cast.days_ago(75)
    before = await look_at(cast, person)
    case_id = await _report(cast, person, died_on)
    await _give_certificate(cast, person, case_id, died_on)
    await _confirm(cast, person, case_id, died_on)
    stopped = await look_at(cast, person)
    _check(stopped.is_over(), "everything has stopped")
    _check(stopped.to_recover_fen > 0, "what was paid since is proposed for recovery")
    say(f"  死亡日在两个多月前，应追回 {stopped.to_recover_fen / 100:.2f} 元 / paid since: to be recovered")
    wrong = {"reason": "本人持身份证到镇政府，系同名误报", "evidence": "本人到场核验身份证"}
    await cast["district-officer"].post(f"/api/affairs/deaths/{case_id}/revoke", wrong)
    await cast["district-officer"].post(f"/api/affairs/deaths/{case_id}/revoke/approve", status=403)
    begun = perf_counter()
    await cast["district-reviewer"].post(f"/api/affairs/deaths/{case_id}/revoke/approve")
    _, _ = await eventually(
        lambda: look_at(cast, person), lambda found: found == before, seconds=20, what=f"all is as before: {before}"
    )
    spent = (perf_counter() - begun) * 1000
    say(f"  两人复核撤销后 {spent:.0f} 毫秒一切恢复原状 / all is as it was {spent:.0f} ms after two revoked")
    tell_what_changed(stopped, before)


async def _measure(cast: Cast, people: list[dict[str, Any]]) -> None:
    say(f"\n三、{len(people)} 次确认的用时 / {len(people)} confirmations measured")
    seconds = await confirmations(cast, people)
    middle, worst = median(seconds) * 1000, max(seconds) * 1000
    say(f"  确认到全部办结 / confirm to done: 中位数 median {middle:.0f} ms，最长 longest {worst:.0f} ms")
    if middle > 1000:
        say("  超过一秒：机器繁忙或较慢 / over one second: the machine is busy or slow")


async def _audit(cast: Cast) -> None:
    say("\n四、审计 / audit")
    for service, rows in await verify_logs(cast["auditor"]):
        say(f"  {service:<10} 日志 {rows} 条，封存链校验通过 / log verified")


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise UnexpectedAnswer(what)
