"""What a visit refuses."""

from shared.db.problems import Conflict


class VisitDone(Conflict):
    code = "visit_done"
    detail = "该走访已完成"
