"""A client of the soak: one API key, one HTTP session, and a record of all answers.

A change is repeated with its Idempotency-Key until it has been answered, so that the client knows what became of it.
Some changes are sent once more after their answer, as a client does that lost it: the answer must be the same.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import requests

TIMEOUT = 60
MAX_ATTEMPTS = 30
REQUESTS_PER_SESSION = 40
"""Then the client connects anew, as clients come and go."""
SENT_TWICE = 0.05
CONTENDED = frozenset({"CONFLICT"})
"""What any change may be answered, since the clients change the same rows."""


@dataclass
class Client:
    number: int
    url: str
    key: str
    stop: threading.Event
    pause: float
    """Mean seconds between two requests."""
    answered: Counter[str] = field(default_factory=Counter)
    """{kind of request: answers}"""
    codes: Counter[str] = field(default_factory=Counter)
    """{kind of request and error code, both expected: how often}"""
    faults: list[str] = field(default_factory=list)
    """Answers that nobody should get."""
    seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.number)
        self._session = requests.Session()
        self._keys = 0
        self._left = REQUESTS_PER_SESSION

    def read(self, kind: str, document: str, **variables: Any) -> dict[str, Any]:
        """Return the data of a query. Nothing but its data is expected."""
        self._rest()
        return self._checked(kind, self._send(document, variables, {}), ()) or {}

    def change(
        self, kind: str, document: str, expected_codes: Collection[str] = (), **variables: Any
    ) -> dict[str, Any] | None:
        """Return the data of a mutation, or None after an error code that may come."""
        self._rest()
        self._keys += 1
        headers = {"Idempotency-Key": f"soak-{self.number}-{self._keys}"}
        response = self._send_until_answered(document, variables, headers)
        data = self._checked(kind, response, {*expected_codes, *CONTENDED})
        if data is not None and self.dice.random() < SENT_TWICE:
            self._send_again(kind, document, variables, headers, data)
        return data

    def close(self) -> None:
        self._session.close()

    def _rest(self) -> None:
        self.stop.wait(self.dice.expovariate(1 / self.pause))

    def _send_again(
        self, kind: str, document: str, variables: dict[str, Any], headers: dict[str, str], data: dict[str, Any]
    ) -> None:
        again = self._send_until_answered(document, variables, headers)
        self.answered["sent twice"] += 1
        if again.headers.get("Idempotency-Replayed") != "true" or again.json().get("data") != data:
            self.faults.append(f"{kind} sent twice: {data} and then {again.text[:500]}")

    def _send_until_answered(
        self, document: str, variables: dict[str, Any], headers: dict[str, str]
    ) -> requests.Response:
        for _ in range(MAX_ATTEMPTS):
            response = self._send(document, variables, headers)
            if response.status_code == requests.codes.conflict:  # the first attempt is still being served
                time.sleep(1)
            elif not _is_unavailable(response):
                return response
        raise AssertionError(f"never answered: {document} {variables}")

    def _send(self, document: str, variables: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        """Return the answer. An answer of the server's fault is recorded, whatever comes after it."""
        body = {"query": document, "variables": variables}
        for _ in range(MAX_ATTEMPTS):
            began = time.monotonic()
            try:
                response = self._post(body, headers)
            except requests.RequestException as error:
                self.faults.append(f"no answer: {error!r}")
                time.sleep(1)
                continue
            self.seconds.append(time.monotonic() - began)
            if response.status_code >= requests.codes.server_error or _is_unavailable(response):
                self.faults.append(f"{response.status_code} {response.text[:300]} for {document[:60]}")
            return response
        raise AssertionError(f"no answer to {document} {variables}")

    def _post(self, body: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        if self._left == 0:
            self._session.close()
            self._session, self._left = requests.Session(), REQUESTS_PER_SESSION
        self._left -= 1
        headers = {**headers, "Authorization": f"Bearer {self.key}"}
        return self._session.post(self.url, json=body, headers=headers, timeout=TIMEOUT)

    def _checked(self, kind: str, response: requests.Response, expected: Collection[str]) -> dict[str, Any] | None:
        answer = response.json()
        codes = codes_of(answer)
        self.answered[kind] += 1
        if not codes:
            data: dict[str, Any] = answer["data"]
            return data
        if codes <= set(expected):
            self.codes.update(f"{kind}: {code}" for code in codes)
        elif "UNAVAILABLE" not in codes:  # which `_send` has recorded
            self.faults.append(f"{kind}: {response.status_code} {response.text[:500]}")
        return None


def codes_of(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


def _is_unavailable(response: requests.Response) -> bool:
    """Errors inside an executed document come with the status 200."""
    try:
        return "UNAVAILABLE" in codes_of(response.json())
    except ValueError:
        return True
