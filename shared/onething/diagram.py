"""A definition drawn as Mermaid text, coloured by the state of a matter. Same input, same text."""

from __future__ import annotations

from shared.onething.definition import OPENED, Definition, Milestone
from shared.onething.presenting import STATUS_WORDS
from shared.onething.state import MatterState, TaskStatus

_COLOURS: dict[TaskStatus, str] = {
    TaskStatus.WAITING: "fill:#f2f2f2,stroke:#999999,color:#555555",
    TaskStatus.READY: "fill:#fff4cc,stroke:#c99700,color:#333333",
    TaskStatus.SENT: "fill:#d6e9ff,stroke:#2f6fb3,color:#1b3f66",
    TaskStatus.FAILED: "fill:#ffd6d6,stroke:#c62828,color:#7a1212",
    TaskStatus.RETRY: "fill:#ffe3c7,stroke:#d9741a,color:#7a3c07",
    TaskStatus.MANUAL: "fill:#ead7ff,stroke:#7b3fb3,color:#44206b",
    TaskStatus.DONE: "fill:#d7f2d7,stroke:#2e7d32,color:#1b4d1e",
    TaskStatus.SKIPPED: "fill:#ffffff,stroke:#cccccc,color:#aaaaaa,stroke-dasharray:4 3",
    TaskStatus.WAIVED: "fill:#ffffff,stroke:#cccccc,color:#888888,stroke-dasharray:4 3",
    TaskStatus.COMPENSATING: "fill:#ffe9b8,stroke:#b36b00,color:#663d00,stroke-dasharray:6 3",
    TaskStatus.COMPENSATED: "fill:#e6e0d4,stroke:#7a6a4f,color:#4d432f",
}


def draw(definition: Definition, state: MatterState | None = None) -> str:
    """Mermaid flowchart text. Without a state the plan alone; mandatory tasks have a thick frame."""
    lines = ["flowchart LR", f'  m_{OPENED}(["受理"])']
    for stage in definition.stages:
        lines.append(f'  subgraph s_{stage.id}["{_text(stage.title)}"]')
        for task in definition.tasks:
            if task.stage == stage.id:
                label = f"{task.id} {_text(task.title)}<br/>{_text(definition.departments[task.department])}"
                if state is not None:
                    label += f"<br/>{STATUS_WORDS[state.tasks[task.id].status]}"
                left, right = ("[[", "]]") if task.mandatory else ("[", "]")
                lines.append(f'    {task.id}{left}"{label}"{right}')
        lines.append("  end")
    lines.extend(f'  m_{milestone.id}(["{_text(milestone.title)}"])' for milestone in definition.milestones)
    for task in definition.tasks:
        if not task.needs or task.start != OPENED:
            lines.append(f"  m_{task.start} --> {task.id}")
        lines.extend(f"  {needed} --> {task.id}" for needed in task.needs)
    for milestone in definition.milestones:
        lines.extend(_towards(definition, milestone))
    if state is not None:
        lines.extend(_colouring(definition, state))
    return "\n".join(lines) + "\n"


def _towards(definition: Definition, milestone: Milestone) -> list[str]:
    found = [f"  m_{after} --> m_{milestone.id}" for after in milestone.after]
    found += [f"  {task_id} -.-> m_{milestone.id}" for task_id in milestone.tasks]
    if milestone.mandatory:
        required = definition.tasks_of(milestone) - set(milestone.tasks)
        found += [f"  {task.id} -.-> m_{milestone.id}" for task in definition.tasks if task.id in required]
    return found


def _colouring(definition: Definition, state: MatterState) -> list[str]:
    lines = []
    for status in TaskStatus:
        members = [task.id for task in definition.tasks if state.tasks[task.id].status is status]
        if members:
            lines.append(f"  classDef {status.value} {_COLOURS[status]}")
            lines.append(f"  class {','.join(members)} {status.value}")
    reached = [f"m_{name}" for name in (OPENED, *definition.milestones_by_id) if name in state.milestones]
    if reached:
        lines.append("  classDef reached fill:#2e7d32,stroke:#1b4d1e,color:#ffffff")
        lines.append(f"  class {','.join(reached)} reached")
    return lines


def _text(value: str) -> str:
    """Mermaid reads entities, not backslashes; these four are the ones that end or open something."""
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        value = value.replace(character, entity)
    return value
