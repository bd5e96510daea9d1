"""Sessions and clients of AWS services. DynamoDB's client is in `chalicelib.store.connection`."""

from functools import cache
from typing import Any

from botocore import handlers
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from chalicelib.settings import settings

SERVICES = frozenset({"dynamodb", "sesv2", "sns", "sqs"})


def new_session() -> Session:
    """Return a session that handles the events of our services as botocore's own does.

    botocore would also register 115 handlers for other services, which takes as long as the rest of a session (measured).
    """
    session = Session(include_builtin_handlers=False)
    session.register_component("data_loader", _loader())
    events = session.get_component("event_emitter")
    register = {
        (): events.register,
        (handlers.REGISTER_FIRST,): events.register_first,
        (handlers.REGISTER_LAST,): events.register_last,
    }
    for event, handler, *when in handlers.BUILTIN_HANDLERS:
        if is_for_our_services(event):
            register[tuple(when)](event, handler)
    return session


@cache
def _loader() -> Loader:
    """Return the loader of botocore's files that all sessions share: it keeps what it has read.

    With a loader of its own, each session would read the endpoints of all services again: 40 of the 44 ms of a client (measured).
    """
    return create_loader()


def is_for_our_services(event: str) -> bool:
    """Events are named kind, kind.service or kind.service.operation. Those of the kind docs only document."""
    kind, _, rest = event.partition(".")
    return kind != "docs" and (not rest or rest.partition(".")[0] in SERVICES)


@cache
def client(service: str, tries: int = 2) -> Any:
    """Return the client of a service, created on first use. Use `tries=1` for requests that botocore must not repeat."""
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": tries, "mode": "standard"})
    return new_session().create_client(service, region_name=settings.region, config=config)
