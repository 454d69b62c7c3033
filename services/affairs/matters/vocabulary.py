"""What definitions may speak of because there is code, a department's line or a role for it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import shared.contracts
from shared.db.principals import Role
from shared.events.contract import contracts
from shared.onething import Vocabulary

FACTS = frozenset(
    {
        *("in_pension", "contributing", "draws_relief", "draws_elder_subsidy", "disabled", "is_child"),
        *("has_minor_children", "has_bed_or_orders", "married", "drives", "cremated"),
    }
)
"""Named facts of a death (domain §6.2). Ours to say: is_child, married, has_minor_children (the reference copy) and
cremated (evidence); the others are assumed until the department answers."""

EVIDENCE = frozenset(
    {
        *("medical_certificate", "health_statement", "police_statement", "court_declaration", "foreign_certificate"),
        *("cremation_certificate", "police_deregistration", "placement_certificate"),
    }
)

DEPARTMENTS = frozenset(
    {
        *("hospital", "funeral_home", "police", "social_security", "medical_insurance", "provident_fund"),
        *("civil_affairs", "eldercare", "bank", "natural_resources", "other_units", "disabled_federation"),
        *("health", "education", "housing", "tax", "market_regulation", "justice", "finance", "veterans"),
        *("emergency", "women_federation", "youth_league", "trade_union", "court", "village"),
    }
)
"""Owners of tasks. Only those with an operation below are called; the others work in the work list."""

_OPERATIONS = {
    "funeral_home": ("book_transfer", "cremation_certificate", "cancel_booking"),
    "police": (
        *("cancel_registration", "invalidate_id_card", "cancel_driving_licence"),
        *("restore_registration", "restore_id_card", "restore_driving_licence"),
    ),
    "social_security": (
        *("stop_pension", "funeral_grant", "account_balance", "survivors_benefit", "end_insured_relation"),
        *("cancel_cards", "resume_pension", "recall_funeral_grant", "reopen_account", "end_survivors_benefit"),
        *("restore_insured_relation", "restore_cards"),
    ),
    "medical_insurance": ("end_insurance", "restore_insurance"),
    "provident_fund": ("withdraw_by_heirs", "recall_withdrawal"),
    "bank": ("account_guide",),
}
"""Operations of the departments' exchange."""


def vocabulary() -> Vocabulary:
    """Everything a definition of this service is checked against."""
    return Vocabulary(
        events=frozenset(_events()),
        adapters=frozenset(f"{house}.{operation}" for house, named in _OPERATIONS.items() for operation in named),
        facts=FACTS,
        departments=DEPARTMENTS,
        roles=frozenset(role.value for role in Role),
        evidence=EVIDENCE,
    )


def _events() -> Iterator[str]:
    for module in iter_modules(shared.contracts.__path__):
        import_module(f"shared.contracts.{module.name}")
    yield from contracts()
