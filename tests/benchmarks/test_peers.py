"""The peers' benchmark: our answers, our number of calls, and that it notices a wrong answer and a missing check.

The peers themselves are left out, because their packages are only in their own environments. The floor needs none of them.
"""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.peers import __main__ as section
from benchmarks.peers import dictionaries, ours
from benchmarks.peers.company import sample_company
from benchmarks.peers.contestant import Running
from benchmarks.peers.operations import HELLO, OPERATIONS, TOO_LONG
from benchmarks.peers.worker import asked, calls, refused
from chalicelib.access import rate_limit
from chalicelib.settings import settings

CALLS = {"orders": 4, "customer": 2, "hello": 0, "create_order": 3}


def test_our_answers_are_those_of_rows_in_memory_and_take_no_more_calls_than_they_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fast = replace(settings, rate_per_second=10**6)  # the bucket is full again at once, as before a single request
    monkeypatch.setattr(rate_limit, "settings", fast)
    company = sample_company(5, 6, 7)
    handler, floor = ours.begin(company), dictionaries.begin(company)
    for operation in OPERATIONS:
        body = operation.body(company)
        answers = [operation.comparable(asked(each, body)[1]) for each in (handler, floor)]
        assert answers[0] == answers[1]
        assert calls(handler, body, company["api_key"]["key"]) == CALLS[operation.name] + section.RATE_LIMIT_CALLS
        assert calls(handler, body) == CALLS[operation.name] <= section.GOALS[operation.name].calls


def test_a_contestant_that_answers_otherwise_ends_the_section() -> None:
    answers = {section.OURS: [{"hello": "Hello"}], section.FLOOR: [{"hello": "Good evening"}]}
    with pytest.raises(SystemExit, match="the floor gives another answer"):
        section._check(OPERATIONS[2], answers)


def test_an_answer_that_lacks_what_may_differ_is_not_compared() -> None:
    with pytest.raises(KeyError):
        OPERATIONS[0].comparable({"allOrders": {"edges": [], "pageInfo": {}}})


class Replies(Running):
    """A contestant that gives one reply to everything."""

    def __init__(self, reply: Any) -> None:
        self._reply, self._key = reply, ""

    def _ask(self, _wanted: str, _body: str, _key: str | None = None) -> Any:
        return self._reply


def test_a_contestant_that_does_not_check_what_it_says_ends_the_section() -> None:
    section.check_refusals({section.OURS: Replies((401, True)), section.FLOOR: Replies((200, False))})
    with pytest.raises(SystemExit, match="ours does not refuse a wrong key"):
        section.check_refusals({section.OURS: Replies((200, True))})
    with pytest.raises(SystemExit, match="graphene-django on PostgreSQL does not refuse a wrong key"):
        section.check_refusals({section.ON_POSTGRESQL: Replies((401, False))})


def test_ours_refuses_a_wrong_key_and_a_document_that_is_too_long() -> None:
    handler = ours.begin(sample_company(0, 0, 0))
    assert refused(handler, HELLO, section.WRONG_KEY) == (401, True)
    assert refused(handler, TOO_LONG) == (200, True)
    assert refused(handler, HELLO) == (200, False)


def test_only_the_best_peer_that_a_user_would_build_has_a_goal() -> None:
    best, other = section.USER_BUILT[:2]
    seconds = {section.OURS: 2.0, best: 10.0, other: 20.0, section.FLOOR: 1.0}
    found = [
        (result.compared_to, result.figure, result.maximum) for result in section._ratios(OPERATIONS[0], seconds, best)
    ]
    assert found == [
        ("the best: Strawberry on pynamodb", 0.2, 0.35),
        ("Ariadne on pynamodb", 0.1, None),
        ("graphql-core on dictionaries: the floor", 2.0, None),
    ]


def test_an_error_is_no_answer() -> None:
    with pytest.raises(SystemExit, match="Cannot query field"):
        asked(ours.begin(sample_company(0, 0, 0)), '{"query": "{ nothing }"}')
