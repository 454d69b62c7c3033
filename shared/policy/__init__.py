"""Policy: law as dated data, decisions that explain themselves (design §7)."""

from shared.policy.decisions import (
    Decision,
    Law,
    Outcome,
    Reason,
    Reasons,
    ReplayDiffers,
    Rule,
    RuleBook,
    Stored,
    UnknownRule,
    decide,
    replay,
)
from shared.policy.loading import PolicyError, load, loads
from shared.policy.parameters import Cited, Dated, InForce, NoValue, Parameter, ParameterSet, UnknownParameter
from shared.policy.values import Table

__all__ = [
    "Cited",
    "Dated",
    "Decision",
    "InForce",
    "Law",
    "NoValue",
    "Outcome",
    "Parameter",
    "ParameterSet",
    "PolicyError",
    "Reason",
    "Reasons",
    "ReplayDiffers",
    "Rule",
    "RuleBook",
    "Stored",
    "Table",
    "UnknownParameter",
    "UnknownRule",
    "decide",
    "load",
    "loads",
    "replay",
]
