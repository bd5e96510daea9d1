"""What the shell completes: jobs, slots, keys, schedules and channels, as the API has them, and stages."""

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from crmctl import connection, logins
from crmctl.client import ApiError, Client
from crmctl.connection import Given
from crmctl.logins import LoginError

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
JOBS = "{ list: schedules { job } }"
SLOTS = """query Slots($job: String!) {
  list: jobRuns(job: $job, first: 50) { edges { node { slot status error } } }
}"""
KEYS = "{ list: keys(first: 100) { edges { node { id name role } } } }"
SCHEDULES = "{ list: schedules { id words } }"
CHANNELS = "{ list: notificationChannels { id name } }"


def complete_stage(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    try:
        return _items([(stage, "") for stage in logins.stages()], incomplete)
    except LoginError:
        return []


def complete_job(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    jobs = dict.fromkeys(row["job"] for row in _ask(context, JOBS))
    return _items([(job, "") for job in jobs], incomplete)


def complete_slot(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    job = context.params.get("job")
    rows = _ask(context, SLOTS, job=job) if job else []
    return _items([(row["slot"], f"{row['status']} {row['error'] or ''}".strip()) for row in rows], incomplete)


def complete_key(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _items([(row["id"], f"{row['name']}, {row['role']}") for row in _ask(context, KEYS)], incomplete)


def complete_schedule(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _items([(row["id"], row["words"]) for row in _ask(context, SCHEDULES)], incomplete)


def complete_channel(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return _items([(row["id"], row["name"]) for row in _ask(context, CHANNELS)], incomplete)


def _items(found: list[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """Return what begins so. Only printable texts: a name must not control the terminal."""
    return [
        CompletionItem(value, help=text if text.isprintable() else None)
        for value, text in found
        if value.startswith(incomplete) and value.isprintable()
    ]


def _ask(context: click.Context, document: str, **variables: Any) -> list[dict[str, Any]]:
    """Return the rows, or nothing if they cannot be had at once: the shell is waiting."""
    given = Given(*(context.params.get(name) for name in ("stage", "url", "key")))
    try:
        endpoint = connection.resolve(given, context)
        client = Client(endpoint.url, endpoint.key)
        client.stop()
        found = client.execute(document, variables)["list"]
    except (ApiError, LoginError, click.UsageError):
        return []
    return found if isinstance(found, list) else [edge["node"] for edge in found["edges"]]
