"""Does a session handle the events of our services as botocore's own does?"""

from typing import Any

import botocore.session
import pytest
from botocore import handlers

from chalicelib import aws
from deploy import service_models

pytestmark = pytest.mark.no_database


def handlers_of(session: botocore.session.Session, event: str) -> list[Any]:
    """Of botocore's own: powertools adds one to each session."""
    emitter: Any = session.get_component("event_emitter")
    builtin = [handler for _, handler, *_ in handlers.BUILTIN_HANDLERS]
    found = emitter._emitter._handlers.prefix_search(emitter._alias_event_name(event))
    return [handler for handler in found if handler in builtin]


def test_events_of_our_services_have_botocores_handlers_in_its_order() -> None:
    ours, theirs = aws.new_session(), botocore.session.Session()
    kinds = {event.split(".")[0] for event, *_ in handlers.BUILTIN_HANDLERS} - {"docs"}
    assert {"before-call", "choose-signer", "needs-retry"} <= kinds
    compared = 0
    for kind in kinds:
        for service, names in service_models.operations().items():
            for event in (kind, f"{kind}.{service}", *(f"{kind}.{service}.{name}" for name in names)):
                found = handlers_of(ours, event)
                assert found == handlers_of(theirs, event), event
                compared += len(found)
    assert compared > 100


def test_events_of_other_services_have_none() -> None:
    registered = [event for event, *_ in handlers.BUILTIN_HANDLERS if aws.is_for_our_services(event)]
    assert len(registered) < 20, "registering all takes as long as the rest of a session"
    assert not aws.is_for_our_services("before-call.s3.GetObject")
    assert not aws.is_for_our_services("docs.*.dynamodb.complete-section")
    assert aws.is_for_our_services("after-call.sqs.*")
    assert {*aws.SERVICES} == {*service_models.SERVICES}


def test_what_is_read_for_one_session_is_not_read_again_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    aws.new_session().create_client("sqs", region_name="us-east-1")
    read: list[str] = []
    monkeypatch.setattr("botocore.loaders.JSONFileLoader.load_file", lambda _, path: read.append(path))
    aws.new_session().create_client("sqs", region_name="us-east-1")
    assert read == []
