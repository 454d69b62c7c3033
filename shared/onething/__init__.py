"""One thing (一件事): long work across departments as versioned definitions and append-only actions (design §6).

A service loads its definitions (`Definitions.load`), builds one `OneThing` with its hooks, and steps its matters with
the functions of `actions`. The pure half — `fold`, `availability`, `moments`, `migration`, `presenting`, `diagram` —
knows no database and no clock.
"""

from shared.onething import actions
from shared.onething.actions import Action, ActionKind, Outcome
from shared.onething.availability import Allowed, allowed, visible
from shared.onething.check import Vocabulary
from shared.onething.definition import Definition, Kind, Task
from shared.onething.diagram import draw
from shared.onething.hooks import Hooks, Participant, TaskChange
from shared.onething.migration import MigrationPlan
from shared.onething.presenting import Entry, TaskView, tasks_for, timeline
from shared.onething.problems import DefinitionChanged, MatterNotFound
from shared.onething.reading import DefinitionError
from shared.onething.registry import Definitions
from shared.onething.service import OneThing
from shared.onething.state import MatterState, TaskState, TaskStatus
from shared.onething.store import tasks_query
from shared.onething.tables import Matter, MatterParticipant, MatterTask

__all__ = [
    "Action",
    "ActionKind",
    "Allowed",
    "Definition",
    "DefinitionChanged",
    "DefinitionError",
    "Definitions",
    "Entry",
    "Hooks",
    "Kind",
    "Matter",
    "MatterNotFound",
    "MatterParticipant",
    "MatterState",
    "MatterTask",
    "MigrationPlan",
    "OneThing",
    "Outcome",
    "Participant",
    "Task",
    "TaskChange",
    "TaskState",
    "TaskStatus",
    "TaskView",
    "Vocabulary",
    "actions",
    "allowed",
    "draw",
    "tasks_for",
    "tasks_query",
    "timeline",
    "visible",
]
