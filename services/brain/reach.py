"""Writing inside one's own area. Reading is the database's law; a row placed outside would fail there without words."""

from shared.china import areas
from shared.db.principals import Role, Scope
from shared.db.problems import Forbidden
from shared.db.unit import UnitOfWork


class OutsideArea(Forbidden):
    code = "outside_area"
    detail = "该区划不在您的管辖范围内"


def require_reach(unit: UnitOfWork, area_code: str, *, field: str = "areaCode") -> None:
    """Raise `OutsideArea` unless the caller's rows cover the area."""
    who = unit.principal
    if who.role is Role.SYSTEM:
        return
    if who.scope is not Scope.AREA or not who.lo <= areas.full(area_code) < who.hi:
        raise OutsideArea(field=field)
