"""heartbeat: checks the GraphQL API over HTTP, as a client would, and logs whether it is alive."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib import clock
from chalicelib.jobs.job import Preview, RunRefused, StepContext, StepResult
from chalicelib.settings import settings

NAME = "heartbeat"
DOCUMENT = "{ hello health { database queue } }"
SECONDS = 10.0
"""For the whole exchange; longer than the API itself waits for a stalled database. After that it counts as down."""
UP = "up"
LATENCY = "latency_ms"


@dataclass(frozen=True, slots=True)
class Check:
    """What one check of the API has found. `cause` says why it is down; None if it is alive."""

    cause: str | None
    latency: int
    """Milliseconds."""


def step(_context: StepContext) -> StepResult:
    found = check()
    counts = {UP: int(found.cause is None), LATENCY: found.latency}
    return StepResult(None, (line(found.cause),), counts, reason=found.cause)


def on_ledger_unavailable() -> StepResult:
    """Without its database the CRM is down, even if the API answers."""
    return StepResult(None, (line("the database of the jobs does not answer"),), {UP: 0})


def alarm(counts: Mapping[str, int]) -> str | None:
    return None if counts[UP] else "The API is not healthy"


def preview(_context: StepContext) -> Preview:
    found = check()
    summary = f"The API is down: {found.cause}" if found.cause else f"The API answered within {found.latency} ms"
    return Preview(summary, (line(found.cause),))


def line(cause: str | None) -> str:
    return f"{clock.now():%d/%m/%Y-%H:%M:%S} CRM is {f'down: {cause}' if cause else 'alive'}"


def check() -> Check:
    """Ask the API whether it is alive. Raises RunRefused if its address is not set."""
    if not settings.api_url:
        raise RunRefused("CRM_API_URL is not set: the heartbeat does not know the address of the API")
    started = time.monotonic()
    # Not above: all functions import this module, and requests would be 0.04 to 0.05 of their start (measured).
    from chalicelib.jobs import health_request  # noqa: PLC0415

    cause = health_request.cause_of_failure(settings.api_url, DOCUMENT, SECONDS)
    return Check(cause, round((time.monotonic() - started) * 1000))
