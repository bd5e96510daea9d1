"""heartbeat: checks the GraphQL API over HTTP, as a client would, and logs whether it is alive."""

import time
from collections.abc import Mapping
from http import HTTPStatus

import requests

from chalicelib import clock
from chalicelib.jobs.job import Preview, RunRefused, StepContext, StepResult
from chalicelib.settings import settings

NAME = "heartbeat"
DOCUMENT = "{ hello health { database queue } }"
SECONDS = 10.0
"""Longer than the API itself waits for a stalled database. After that it counts as down."""
UP = "up"
LATENCY = "latency_ms"


def step(_context: StepContext) -> StepResult:
    alive, latency = check()
    return StepResult(None, (line(alive=alive),), {UP: int(alive), LATENCY: latency})


def on_ledger_unavailable() -> StepResult:
    """Without its database the CRM is down, even if the API answers."""
    return StepResult(None, (line(alive=False),), {UP: 0})


def alarm(counts: Mapping[str, int]) -> str | None:
    return None if counts[UP] else "The API does not answer, or reports that its database or queue is down"


def preview(_context: StepContext) -> Preview:
    alive, latency = check()
    return Preview(f"The API answered within {latency} ms" if alive else "The API is down", (line(alive=alive),))


def line(*, alive: bool) -> str:
    return f"{clock.now():%d/%m/%Y-%H:%M:%S} CRM is {'alive' if alive else 'down'}"


def check() -> tuple[bool, int]:
    """Return whether the API is alive, and the latency in milliseconds. Raises RunRefused if its address is not set."""
    if not settings.api_url:
        raise RunRefused("CRM_API_URL is not set: the heartbeat does not know the address of the API")
    started = time.monotonic()
    alive = _is_alive()
    return alive, round((time.monotonic() - started) * 1000)


def _is_alive() -> bool:
    try:
        response = requests.post(settings.api_url, json={"query": DOCUMENT}, timeout=SECONDS, allow_redirects=False)
        data = response.json()["data"]
        return bool(response.status_code == HTTPStatus.OK and data["hello"] and set(data["health"].values()) == {"UP"})
    except (requests.RequestException, ValueError, LookupError, TypeError, AttributeError):
        return False  # any other answer is of no use to a client
