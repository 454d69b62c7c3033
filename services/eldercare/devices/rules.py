"""The states of a device."""

from __future__ import annotations

from collections.abc import Mapping

from shared.db.problems import Conflict


class DeviceInWrongState(Conflict):
    code = "device_state"
    detail = "设备当前状态不允许此操作"


class SerialIssued(Conflict):
    code = "device_issued"
    detail = "该设备已发放且尚未收回"


STEPS: Mapping[tuple[str, str], str] = {
    ("recall", "ISSUED"): "TO_RETRIEVE",
    ("retrieve", "ISSUED"): "RETRIEVED",
    ("retrieve", "TO_RETRIEVE"): "RETRIEVED",
    ("lose", "ISSUED"): "LOST",
    ("lose", "TO_RETRIEVE"): "LOST",
}


def stepped(state: str, action: str) -> str:
    """The state after an action; DeviceInWrongState when it is not allowed now."""
    try:
        return STEPS[action, state]
    except KeyError:
        raise DeviceInWrongState from None
