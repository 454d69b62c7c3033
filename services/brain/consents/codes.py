"""What a consent of its own is needed for (PIPL 29)."""

from enum import StrEnum


class Purpose(StrEnum):
    """The purposes that stand on consent; all other processing stands on statutory duty (PIPL 13)."""

    DEVICE_TRACKING = "DEVICE_TRACKING"
    PHOTO = "PHOTO"
    CHARITY_PUBLICITY = "CHARITY_PUBLICITY"
    CHILD_PAIRING = "CHILD_PAIRING"

    @property
    def words(self) -> str:
        """What people read."""
        return _TITLES[self]


_TITLES = {
    Purpose.DEVICE_TRACKING: "设备定位",
    Purpose.PHOTO: "照片采集",
    Purpose.CHARITY_PUBLICITY: "慈善公示",
    Purpose.CHILD_PAIRING: "儿童结对",
}
