"""A request that dies in the middle and is repeated with its Idempotency-Key, while another client changes the same row.

Each mutation is carried out once for every AWS call that it makes, and dies right after that call. Then somebody else
changes the same row, and the request comes again. What the first attempt has done must not be done twice, and must not
undo what came after it. An answer that was kept before the death is replayed as it was; all others show the rows of now.
"""

from dataclasses import replace

import pytest
from graphql import GraphQLObjectType

from chalicelib.api.graphql.schema import schema
from chalicelib.crm import stock
from chalicelib.settings import settings
from tests import database
from tests.api.graphql_client import Reply, post
from tests.api.replay_scenario import Ids, Scenario
from tests.api.replays import SCENARIOS
from tests.api.shop import Clock
from tests.sudden_death import Killed, dying_after

MAX_CALLS = 60


WITHOUT_A_SCENARIO = {
    "discardDeadLetters": "what was discarded is no longer among the dead letters, so a repetition discards nothing",
    "redriveDeadLetters": "it sends messages, which are tolerated twice; what was sent is no longer among the dead letters",
}


def send(scenario: Scenario, ids: Ids) -> Reply:
    return post({"query": scenario.document, "variables": ids}, idempotency_key="k")


@pytest.fixture(autouse=True)
def small_restocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a product is still low afterwards: nothing but the mark prevents a second restock."""
    monkeypatch.setattr(stock, "settings", replace(settings, restock_amount=5))


@pytest.mark.parametrize("name", SCENARIOS)
def test_wherever_a_mutation_dies_its_repetition_does_nothing_twice_and_undoes_nothing(name: str, watch: Clock) -> None:
    scenario = SCENARIOS[name]
    outcomes: set[bool] = set()
    began, ids = watch.now, scenario.prepare()
    come_back = database.snapshot()
    for call in range(1, MAX_CALLS):
        come_back()
        watch.now = began
        with dying_after(call):
            try:
                send(scenario, ids)
            except Killed:
                died = True
            else:
                died = False
        if not died:
            break
        made = scenario.was_made(ids)
        outcomes.add(made)
        scenario.meddle(ids)
        watch.advance(seconds=61)
        reply = send(scenario, ids)
        assert scenario.is_right(ids, made, reply), (call, made, reply.json)
    assert outcomes == {False, True}, "the mutation must die both before and after its change"


def test_every_mutation_has_a_scenario() -> None:
    kind = schema().type_map["Mutation"]
    assert isinstance(kind, GraphQLObjectType)
    assert {name.split()[0].strip(",") for name in SCENARIOS} | WITHOUT_A_SCENARIO.keys() == kind.fields.keys()
