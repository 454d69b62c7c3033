"""Payments: entitlement → batch → bank file → returns → arrears → recovery, for every paying service (design §8)."""

from shared.payments.bank import BankAnswer, Reconciled
from shared.payments.batches import Run
from shared.payments.checking import Checked
from shared.payments.due import AMOUNTS, Check, DueSource, Scheme
from shared.payments.entitlements import Grant, NewAccount, open_account, open_accounts, pay_to
from shared.payments.months import Month, after, month_of
from shared.payments.service import Ended, Payments
from shared.payments.settlement import Change, Settled
from shared.payments.statements import MonthStatement

__all__ = [
    "AMOUNTS",
    "BankAnswer",
    "Change",
    "Check",
    "Checked",
    "DueSource",
    "Ended",
    "Grant",
    "Month",
    "MonthStatement",
    "NewAccount",
    "Payments",
    "Reconciled",
    "Run",
    "Scheme",
    "Settled",
    "after",
    "month_of",
    "open_account",
    "open_accounts",
    "pay_to",
]
