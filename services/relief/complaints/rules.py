"""When a complaint can be made, and who answers it."""

from __future__ import annotations

from shared.db.problems import Conflict, Forbidden


class NotDecided(Conflict):
    code = "not_decided"
    detail = "该申请尚未作出决定；公示期间请对公示提出异议"


class ComplaintAnswered(Conflict):
    code = "complaint_answered"
    detail = "该投诉已答复"


class OwnDecision(Forbidden):
    code = "own_decision"
    detail = "作出决定的人不得答复对该决定的投诉"
