"""What of an event goes into the timeline: its title, the facts that are nobody's secret, and whom it is for.

Facts are chosen by name, not left out by name: what a future payload brings stays out until it is named here.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

SHOWN = frozenset(
    {
        *("deathCaseId", "caseId", "reportId", "taskId", "stayId", "bedId", "relationId", "batchId", "orderId"),
        *("state", "department", "source", "outcome", "change", "changed", "version", "seq", "scheme", "month"),
        *("deathDate", "fromDate", "toDate", "onDate", "fromMonth", "fromArea", "toArea", "lifeStatus", "bedType"),
    }
)
"""Fields of payloads that name no person and tell nothing of health, money or family."""

_LONGEST = 100
_MOST = 20

_SERVICES = {
    "relief": "社会救助",
    "eldercare": "养老服务",
    "governance": "基层治理",
    "charity": "慈善公益",
    "affairs": "社会事务",
    "brain": "人口与组织",
}
_OUTCOMES = {"done": "办结", "nothing_to_do": "无需办理", "needs_human": "需人工办理"}


def facts_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The shown facts, each a short value; of a settled answer also which task ended how."""
    found = {key: value for key, value in data.items() if key in SHOWN and _is_short(value)}
    effects = data.get("effects")
    if isinstance(effects, list):
        found["effects"] = [
            {key: str(effect.get(key, ""))[:_LONGEST] for key in ("task", "kind", "outcome")}
            for effect in effects[:_MOST]
            if isinstance(effect, Mapping)
        ]
    return found


def title_of(event_type: str, source: str, data: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """The words people read. A type without a title of its own is named after who published it."""
    service = _SERVICES.get(source, source)
    if event_type.endswith((".death.settled.v1", ".death.unsettled.v1")):
        verb = "撤销后恢复" if ".unsettled." in event_type else "身后事项办理"
        return f"{service}：{verb}（{_summary(data)}）"
    title = titles.get(event_type)
    if title is None:
        shared = titles.get(f"*.{event_type.partition('.')[2]}", "业务记录")
        return f"{service}：{shared}"
    named = data.get("title") or data.get("taskId")
    return f"{title}：{named}" if isinstance(named, str) and len(named) <= _LONGEST else title


def audience_of(event_type: str) -> Literal["own", "family"]:
    """Family and clerk see the same course of a death (design §6); the rest of a life is the person's own."""
    return "family" if ".death." in event_type or event_type.startswith("eldercare.elder.d") else "own"


def _summary(data: Mapping[str, Any]) -> str:
    effects = data.get("effects")
    outcomes = (
        Counter(str(effect.get("outcome")) for effect in effects if isinstance(effect, Mapping))
        if isinstance(effects, list)
        else Counter()
    )
    return "，".join(f"{words}{outcomes[code]}项" for code, words in _OUTCOMES.items() if outcomes[code]) or "无事项"


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST
    if isinstance(value, list):
        return len(value) <= _MOST and all(isinstance(item, str) and len(item) <= _LONGEST for item in value)
    return isinstance(value, bool | int) and not isinstance(value, float)
