"""How the story is told on the terminal."""

from dataclasses import fields
from typing import Any

from suite.story.people import Cast
from suite.story.picture import Holdings

_WORDS = {
    "life": "生存状态",
    "spouse": "配偶婚姻状况",
    "bed": "床位",
    "stays": "入住",
    "open_orders": "未结订单",
    "devices": "设备",
    "subsidies": "补贴",
    "share_ended": "低保份额已停",
    "case_state": "低保个案",
    "pairings": "结对",
    "points": "积分",
    "points_frozen": "积分冻结",
    "to_recover_fen": "应追回（分）",
}


def say(line: str) -> None:
    """One line, at once."""
    print(line, flush=True)


def tell_what_changed(before: Holdings, after: Holdings) -> None:
    """Each field that is not as it was."""
    for one in fields(Holdings):
        old, new = getattr(before, one.name), getattr(after, one.name)
        if old != new:
            say(f"    {_WORDS[one.name]:　<8}{_plain(old)} → {_plain(new)}")


async def tell_timeline(cast: Cast, person: dict[str, Any], case_id: str, *, reader: str) -> None:
    """What each service did and when, from the person's timeline, and how the matter stands."""
    page = await cast["town-clerk"].get(f"/api/brain/people/{person['personId']}/timeline", limit="40")
    say("  时间线 / timeline:")
    for entry in sorted(page["items"], key=lambda entry: entry["at"]):
        say(f"    {entry['at'][11:23]}  {entry['source']:<10} {entry['title']}")
    matter = await cast[reader].get(f"/api/affairs/matters/{case_id}")
    done, total = (matter["progress"][key] for key in ("mandatoryDone", "mandatoryTotal"))
    say(f"  一件事 / the matter, as {reader} sees it: {matter['state']}，必办 {done}/{total}")
    width = 1 + max(len(task["title"]) for task in matter["tasks"])
    for task in matter["tasks"]:
        due = f"，期限 {task['due']}" if task["due"] else ""
        say(f"    {task['id']} {task['title']:　<{width}}{task['state']}{due}")


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "、".join(str(one) for one in value) or "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)
