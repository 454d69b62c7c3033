"""The demo accounts of `dev`: who they are, where they stand. No second factor; every other account needs one."""

from dataclasses import dataclass

from shared.db.principals import Role
from suite.seed.places import DISTRICT, OTHER_TOWN, STORY_TOWN, STORY_VILLAGE


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account; `at_home` marks the institution's, `is_relative` the resident's."""

    username: str
    role: Role
    area_code: str
    title: str
    at_home: bool = False
    is_relative: bool = False


DEMO_ACCOUNTS = (
    DemoAccount("resident", Role.RESIDENT, STORY_VILLAGE, "居民（逝者家属）", is_relative=True),
    DemoAccount("village-clerk", Role.VILLAGE_CLERK, STORY_VILLAGE, "六横镇示例村文书"),
    DemoAccount("institution-admin", Role.INSTITUTION_ADMIN, STORY_TOWN, "六横敬老院管理员", at_home=True),
    DemoAccount("town-clerk", Role.TOWN_CLERK, STORY_TOWN, "六横镇民政经办"),
    DemoAccount("town-leader", Role.TOWN_LEADER, STORY_TOWN, "六横镇分管领导"),
    DemoAccount("town-clerk-2", Role.TOWN_CLERK, OTHER_TOWN, "东港街道民政经办"),
    DemoAccount("district-officer", Role.DISTRICT_OFFICER, DISTRICT, "区民政局经办"),
    DemoAccount("district-reviewer", Role.DISTRICT_REVIEWER, DISTRICT, "区民政局审核"),
    DemoAccount("district-director", Role.DISTRICT_DIRECTOR, DISTRICT, "区民政局局长"),
    DemoAccount("finance-officer", Role.FINANCE_OFFICER, DISTRICT, "区民政局财务"),
    DemoAccount("auditor", Role.AUDITOR, DISTRICT, "审计管理员"),
    DemoAccount("system-admin", Role.SYSTEM_ADMIN, DISTRICT, "系统管理员"),
    DemoAccount("security-admin", Role.SECURITY_ADMIN, DISTRICT, "安全管理员"),
)
