"""Give the jobs the schedules that their tasks had in django-celery-beat."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from crmctl.client import ApiError, Client
from crmctl.imports.django_database import PeriodicTask
from crmctl.schedules import ADD, EDIT, LIST

NOTE = "From the periodic task {name} of the Django CRM"
MAX_NOTE = 200
_JOBS = (
    ("heartbeat", re.compile(r"heart_?beat")),
    ("low_stock", re.compile(r"low_?stock")),
    ("order_reminders", re.compile(r"reminder")),
    ("customer_cleanup", re.compile(r"(clean|delete|inactive).*customer|customer.*(clean|inactive)")),
    ("weekly_report", re.compile(r"report")),
)
"""A task names a job if its function does, such as crm.tasks.generate_crm_report."""


def job_of(task: PeriodicTask) -> str | None:
    name = task.task.rpartition(".")[2].casefold()
    return next((job for job, pattern in _JOBS if pattern.search(name)), None)


def move_schedules(client: Client, tasks: Sequence[PeriodicTask], tell: Callable[[str], None]) -> None:
    """Change the schedule of each job to that of its first task, and add one for each other task.

    Repeating it changes nothing. What cannot be moved is told, and stops nothing: it needs an operator's key.
    """
    moved: set[str] = set()
    for task in tasks:
        job = job_of(task)
        if job is None:
            tell(f"Task {task.name}: {task.task} is not a job here.")
        elif not task.is_enabled or task.crontab is None:
            tell(
                f"Task {task.name}: it is {'disabled' if task.crontab else 'without a crontab'}, so {job} keeps its schedule."
            )
        else:
            try:
                tell(f"Task {task.name}: {_move(client, job, task, is_first=job not in moved)}")
            except ApiError as error:
                tell(f"Task {task.name}: the schedule of {job} could not be changed: {error}")
            moved.add(job)


def _move(client: Client, job: str, task: PeriodicTask, *, is_first: bool) -> str:
    """Return what was done."""
    wanted = {"crontab": task.crontab, "timeZone": task.time_zone}
    found: list[dict[str, Any]] = client.execute(LIST, {"job": job})["schedules"]
    if any({name: row[name] for name in wanted} == wanted and row["enabled"] for row in found):
        return f"{job} has this schedule already, {task.crontab} ({task.time_zone})"
    changes = {**wanted, "note": NOTE.format(name=task.name)[:MAX_NOTE]}
    if is_first:
        own = next(row for row in found if row["builtIn"])
        client.execute_once(EDIT, {"id": own["id"], "input": changes})
        return f"{job} now runs at {task.crontab} ({task.time_zone})"
    client.execute_once(ADD, {"input": {"job": job, **changes}})
    return f"{job} also runs at {task.crontab} ({task.time_zone})"
