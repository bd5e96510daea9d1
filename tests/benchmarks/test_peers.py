"""The peers' benchmark: our answers, our number of calls, and that it notices a wrong answer.

The peers themselves are left out, because their packages are only in their own environments. The floor needs none of them.
"""

import pytest

from benchmarks.peers import __main__ as section
from benchmarks.peers import dictionaries, ours
from benchmarks.peers.company import sample_company
from benchmarks.peers.operations import OPERATIONS
from benchmarks.peers.worker import asked, calls

CALLS = {"orders": 4, "customer": 2, "hello": 0, "create_order": 3}


def test_our_answers_are_those_of_rows_in_memory_and_take_no_more_calls_than_they_need() -> None:
    company = sample_company(5, 6, 7)
    handler, floor = ours.begin(company), dictionaries.begin(company)
    for operation in OPERATIONS:
        body = operation.body(company)
        answers = [operation.comparable(asked(each, body)[1]) for each in (handler, floor)]
        assert answers[0] == answers[1]
        assert calls(handler, body) == CALLS[operation.name]


def test_a_contestant_that_answers_otherwise_ends_the_section() -> None:
    answers = {section.OURS: {"hello": "Hello"}, section.FLOOR: {"hello": "Good evening"}}
    with pytest.raises(SystemExit, match="the floor gives another answer"):
        section._check(OPERATIONS[2], answers)


def test_an_answer_that_lacks_what_may_differ_is_not_compared() -> None:
    with pytest.raises(KeyError):
        OPERATIONS[0].comparable({"allOrders": {"edges": [], "pageInfo": {}}})


def test_an_error_is_no_answer() -> None:
    with pytest.raises(SystemExit, match="Cannot query field"):
        asked(ours.begin(sample_company(0, 0, 0)), '{"query": "{ nothing }"}')
