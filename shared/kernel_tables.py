"""Every table of the kernel, imported once: what the kernel's Alembic lineage is compared with."""

from shared.effects import tables as effects
from shared.events import tables as events
from shared.files import tables as files
from shared.notices import tables as notices
from shared.onething import tables as onething
from shared.outgoing import tables as outgoing
from shared.payments import tables as payments
from shared.policy import tables as policy
from shared.security import tables as security
from shared.web import tables as web

ROOMS = (effects, events, files, notices, onething, outgoing, payments, policy, security, web)
