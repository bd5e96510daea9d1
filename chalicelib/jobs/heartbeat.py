"""heartbeat: asks the GraphQL API over HTTP, as a client would, and says whether it is alive."""

import time
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

import requests

from chalicelib import clock
from chalicelib.jobs.job import Execute, Preview, RunRefused, StepContext, StepResult
from chalicelib.settings import settings

NAME = "heartbeat"
DOCUMENT = "{ hello health { database queue } }"
SECONDS = 10.0
"""More than the API's own patience with a stalled database; then it is down for whoever waits."""
UP = "up"
LATENCY = "latency_ms"


def step(_work: StepContext) -> StepResult:
    alive, latency = ask()
    return StepResult(None, (line(alive=alive),), {UP: int(alive), LATENCY: latency})


def on_ledger_unavailable() -> StepResult:
    """Without its database the CRM is down, whatever the API answers."""
    return StepResult(None, (line(alive=False),), {UP: 0})


def alarm(counts: Mapping[str, int]) -> str | None:
    return None if counts[UP] else "The API does not answer, or says that its database or queue does not"


def preview(_execute: Execute, _now: datetime, _arguments: Mapping[str, Any]) -> Preview:
    alive, latency = ask()
    return Preview(f"The API answered within {latency} ms" if alive else "The API is down", (line(alive=alive),))


def line(*, alive: bool) -> str:
    return f"{clock.now():%d/%m/%Y-%H:%M:%S} CRM is {'alive' if alive else 'down'}"


def ask() -> tuple[bool, int]:
    """(whether it is alive, milliseconds). Raises Refused without an address to ask."""
    if not settings.api_url:
        raise RunRefused("CRM_API_URL is not set: the heartbeat does not know where to ask")
    began = time.monotonic()
    alive = _is_alive()
    return alive, round((time.monotonic() - began) * 1000)


def _is_alive() -> bool:
    try:
        response = requests.post(settings.api_url, json={"query": DOCUMENT}, timeout=SECONDS, allow_redirects=False)
        data = response.json()["data"]
        return bool(response.status_code == HTTPStatus.OK and data["hello"] and set(data["health"].values()) == {"UP"})
    except (requests.RequestException, ValueError, LookupError, TypeError, AttributeError):
        return False  # whatever the API answers instead, a client gets no answer
