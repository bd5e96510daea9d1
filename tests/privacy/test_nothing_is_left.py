"""Put a person everywhere the product can store one, erase them, and look for them in every table and queue."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from graphql import GraphQLObjectType

from chalicelib import clock
from chalicelib.api.graphql.schema import schema
from chalicelib.crm import counters, customers, email_suppressions, orders, search_index
from chalicelib.crm.email_suppressions import Reason
from chalicelib.errors import CrmError
from chalicelib.jobs import catalog, email, order_reminders, queue, ses_events, slots, watchdog
from chalicelib.jobs.email import SendingRefused
from chalicelib.privacy.traces import TraceKind
from chalicelib.settings import settings
from chalicelib.store import ids, tables
from chalicelib.store.transaction import new_token
from tests.api.graphql_client import by_hash, post
from tests.builders import a_customer, a_product, rows_of
from tests.jobs.job_runs import Clock, make_runner, manual_clock, send_body, without_retry_delay
from tests.privacy.known_person import (
    EMAIL,
    FORMER_EMAIL,
    FORMER_NAME,
    FORMER_PHONE,
    NAME,
    PHONE,
    ask,
    erase,
    mentions,
    sent_mutations,
)

CONTACT = "{ id name email phone phoneNote }"
NOTE = "at Zerlinda's mother"
CREATE = f"mutation($input: CreateCustomerInput!) {{ createCustomer(input: $input) {{ customer {CONTACT} }} }}"
BULK = f"""mutation($input: [BulkCreateCustomersInput]!) {{
  bulkCreateCustomers(input: $input) {{ results {{ customer {CONTACT} existing {CONTACT} error {{ code }} }} }} }}"""
UPDATE = f"""mutation($id: ID!, $input: UpdateCustomerInput!) {{
  updateCustomer(id: $id, input: $input) {{ customer {CONTACT} }} }}"""
ORDER = (
    f"""mutation($input: CreateOrderInput!) {{ createOrder(input: $input) {{ order {{ id customer {CONTACT} }} }} }}"""
)
PAST = f"""mutation($input: [BulkCreateOrdersInput]!) {{
  bulkCreateOrders(input: $input) {{ results {{ order {{ id customer {CONTACT} }} error {{ code }} }} }} }}"""
REFUND = f"""mutation($id: ID!, $lines: [OrderLineInput!]!, $reason: String!) {{
  refundOrder(id: $id, lines: $lines, restock: true, reason: $reason) {{ order {{ id customer {CONTACT} }} }} }}"""
CHANGES = (
    "mutation($id: ID!, $reason: String!) {{ {field}(customerId: $id, reason: $reason) {{ customer {{ name }} }} }}"
)
TRACES = """query($id: ID!, $after: String) {
  personalData(customerId: $id) { traces(after: $after) { nodes { kind text } hasMore after } } }"""
MERGE = f"""mutation($keep: ID!, $absorb: ID!) {{
  mergeCustomers(keep: $keep, absorb: $absorb) {{ customer {CONTACT} preview {{ summary }} }} }}"""
UNDO = f"mutation($absorbed: ID!) {{ undoCustomerMerge(absorbed: $absorbed) {{ customer {CONTACT} }} }}"
RUN = 'mutation { runJob(name: "order_reminders", dryRun: true) { preview { lines } } }'

_OPERATORS_TEXT = "its texts are about the company's own people and programs"
_NO_TEXT = "it stores ids and numbers only"
_PRODUCT = "its texts are about a product"
CANNOT_NAME_ANYBODY = {
    **dict.fromkeys(("createProduct", "bulkCreateProducts", "updateProduct", "deleteProduct"), _PRODUCT),
    **dict.fromkeys(("updateLowStockProducts", "updateOrder", "cancelOrder"), _NO_TEXT),
    **dict.fromkeys(("deleteInactiveCustomers", "restoreCustomers"), "it moves customers to the archive and back"),
    **dict.fromkeys(("checkSearchIndex", "backfill", "resumeJob", "remakeReport"), _NO_TEXT),
    **dict.fromkeys(("deleteSchedule", "resetSchedule", "deleteNotificationChannel", "sendTestNotification"), _NO_TEXT),
    **dict.fromkeys(("redriveDeadLetters", "discardDeadLetters"), _NO_TEXT),
    **dict.fromkeys(("updateNotificationChannel", "createKey", "rotateKey", "revokeKey"), _OPERATORS_TEXT),
    **dict.fromkeys(("eraseCustomer", "erasePersonalData"), "these are the erasure itself"),
}


@pytest.fixture
def time() -> Iterator[Clock]:
    with manual_clock("2026-11-18T09:00:00") as moving, without_retry_delay():
        yield moving


@pytest.fixture
def sends_email(monkeypatch: pytest.MonkeyPatch) -> None:
    with_sender = replace(settings, mail_sender="crm@crm.example", api_url="https://crm.example/graphql")
    for module in (email, order_reminders):
        monkeypatch.setattr(module, "settings", with_sender)
    monkeypatch.setattr(email, "_request", lambda _message: None)


def create_everywhere(time: Clock, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let every mutation, job, failure, notification and queue name the person. Return the customer's id."""
    customer_id = change_everything()
    time.at("2026-11-19T08:00:00")
    make_runner().fire(catalog.ORDER_REMINDERS, time.now)
    ask(RUN, "preview")
    let_a_run_fail(time, monkeypatch)
    time.at("2026-11-23T06:00:00")
    make_runner().run(catalog.WEEKLY_REPORT, slots.of(time.now))
    write_free_texts()
    leave_search_rows(customer_id)
    return customer_id


def change_everything() -> str:
    given = {"name": FORMER_NAME, "email": FORMER_EMAIL, "phone": FORMER_PHONE}
    customer_id: str = ask(CREATE, "create", input=given)["createCustomer"]["customer"]["id"]
    ask(UPDATE, "note", id=customer_id, input={"phoneNote": "Zerlinda's desk"})
    ask(BULK, "bulk", input=[{**given, "reference": "django:customer:markerby-7"}])
    lamp = a_product("Lamp", stock=50, sku="LAMP").id
    lines = [{"productId": lamp, "quantity": 2}]
    order = ask(ORDER, "order", input={"customerId": customer_id, "lines": lines})["createOrder"]["order"]["id"]
    past = {"reference": "INV-1", "customerEmail": FORMER_EMAIL, "orderDate": "2026-11-17T10:00:00Z"}
    ask(PAST, "past", input=[{**past, "lines": [{"sku": "LAMP", "quantity": 1, "unitPrice": "3.00"}]}])
    ask(UPDATE, "update", id=customer_id, input={"name": NAME, "email": EMAIL, "phone": PHONE, "phoneNote": NOTE})
    ask(REFUND, "refund", id=order, lines=[{"productId": lamp, "quantity": 1}], reason=f"{NAME.upper()} phoned")
    for number, field in enumerate(("deleteCustomer", "restoreCustomer", "deleteCustomer")):
        ask(
            f"mutation($id: ID!) {{ {field}(id: $id) {{ customer {CONTACT} }} }}",
            f"there and back {number}",
            id=customer_id,
        )
    ask(CREATE, "again", input={"name": NAME, "email": EMAIL.lower(), "phone": PHONE})
    ask(UPDATE, "as it was", id=customer_id, input={"email": EMAIL})
    email_suppressions.suppress(EMAIL, Reason.BOUNCE, clock.now())
    ask(CHANGES.format(field="liftEmailSuppression"), "lift", id=customer_id, reason="Zerlinda has called")
    merge_with_a_twin(customer_id)
    return customer_id


def merge_with_a_twin(customer_id: str) -> None:
    """There and back, and for good."""
    twin = ask(CREATE, "twin", input={"name": f"{NAME} again", "email": "twin@markerby.example"})["createCustomer"]
    which = {"keep": customer_id, "absorb": twin["customer"]["id"]}
    ask(MERGE, "merge", **which)
    ask(UNDO, "undo", absorbed=which["absorb"])
    ask(MERGE, "merge again", **which)


def let_a_run_fail(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """SES may quote an address in an error. The run has it, and alerts, notifications and pauses quote the run."""
    channel = '{kind: EMAIL, name: "Ops", email: "ops@crm.example", events: [PROBLEM, RECOVERY]}'
    ask(f"mutation {{ createNotificationChannel(input: {channel}) {{ channel {{ id }} }} }}")
    ask('mutation { updateSchedule(id: "order_reminders.default", input: {pauseAfter: 1}) { schedule { id } } }')

    def refuse(*_: object) -> list[str]:
        raise SendingRefused(f"SES says: not verified: {EMAIL}")

    time.at("2026-11-20T08:00:00")
    with monkeypatch.context() as patch:
        patch.setattr(email, "send_all", refuse)
        ask('mutation { runJob(name: "order_reminders") { run { slot } } }')
        for run in ask('{ jobRuns(job: "order_reminders", status: WAITING) { edges { node { slot } } } }')["jobRuns"][
            "edges"
        ]:
            make_runner().run(catalog.ORDER_REMINDERS, run["node"]["slot"])
    watchdog.run_checks()


def write_free_texts() -> None:
    ask(f'mutation {{ pauseJob(name: "low_stock", reason: "{NAME} complains") {{ job {{ name }} }} }}', "pause")
    note = f'{{job: "low_stock", crontab: "@daily", note: "for {NAME}"}}'
    ask(f"mutation {{ createSchedule(input: {note}) {{ schedule {{ note }} }} }}", "schedule")
    adjust = f'adjustStock(productId: "{a_product("Mug", stock=9).id}", delta: -1, reason: "lost by {NAME}")'
    ask(f"mutation {{ {adjust} {{ product {{ stock }} }} }}", "adjust")
    slot = ask('mutation { runJob(name: "customer_cleanup") { run { slot } } }')["runJob"]["run"]["slot"]
    cancel = f'cancelRun(job: "customer_cleanup", slot: "{slot}", reason: "{NAME} must stay")'
    ask(f"mutation {{ {cancel} {{ run {{ status }} }} }}", "cancel")
    document = f'{{ customer(email: "{EMAIL}") {{ id }} }}'
    post({"query": document, "extensions": by_hash(document)}).ok()
    send_body(json.dumps({"from": EMAIL}), queue.DEAD)
    send_body(json.dumps({"mail": {"destination": [EMAIL]}}), ses_events.DEAD)


def leave_search_rows(customer_id: str) -> None:
    """As a change leaves them that dies after its transaction."""
    customer = customers.find(customer_id)
    assert customer
    for name in (NAME, FORMER_NAME):
        search_index.put_all([replace(customer, name=name, search_mark=new_token())])


@pytest.mark.usefixtures("sends_email")
def test_every_mutation_names_the_person_or_cannot(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new mutation has to be considered: does it store what somebody says about a person, and is that found?"""
    sent_mutations.clear()
    create_everywhere(time, monkeypatch)
    kind = schema().type_map["Mutation"]
    assert isinstance(kind, GraphQLObjectType)
    assert sent_mutations & CANNOT_NAME_ANYBODY.keys() == set()
    assert sent_mutations | CANNOT_NAME_ANYBODY.keys() == kind.fields.keys()


def traces(customer_id: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    after: str | None = None
    while True:
        page = ask(TRACES, id=customer_id, after=after)["personalData"]["traces"]
        found += page["nodes"]
        after = page["after"]
        assert page["hasMore"] == (after is not None)
        if after is None:
            return found


def delete(customer_id: str) -> None:
    ask("mutation($id: ID!) { deleteCustomer(id: $id) { customer { id } } }", id=customer_id)


@pytest.mark.usefixtures("sends_email")
@pytest.mark.parametrize("before", [lambda _: None, delete], ids=["live", "deleted"])
def test_nothing_names_an_erased_person(
    time: Clock, monkeypatch: pytest.MonkeyPatch, before: Callable[[str], None]
) -> None:
    customer_id = create_everywhere(time, monkeypatch)
    before(customer_id)
    time.later(minutes=2)
    assert {trace["kind"] for trace in traces(customer_id)} == set(TraceKind), "the person is everywhere"
    erase(customer_id)
    assert mentions() == []


@pytest.mark.usefixtures("sends_email")
def test_others_stay_as_they_are(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    other = a_customer("Zerlina Markerbyson", "linda@markerby.example.org", phone="+49 30 998877661")
    orders.place(other.id, {a_product("Chair").id: 1})
    customer_id = create_everywhere(time, monkeypatch)
    totals, before = counters.stats(), rows_of(tables.Order)
    time.later(minutes=2)
    erase(customer_id)
    assert customers.find(other.id) == customers.find_by_email(other.email)
    assert rows_of(tables.Order) == before, "orders stay"
    after = counters.stats()
    assert (after.orders, after.cents, after.new_customers) == (totals.orders, totals.cents, totals.new_customers)
    assert after.customers == totals.customers - 1


@pytest.mark.usefixtures("sends_email")
def test_a_client_that_reads_the_orders_of_an_erased_person_gets_no_error(
    time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = create_everywhere(time, monkeypatch)
    time.later(minutes=2)
    erase(customer_id)
    listed = ask("{ allOrders { edges { node { customerId customer { name } totalAmount } } } }")["allOrders"]["edges"]
    assert {(edge["node"]["customerId"], edge["node"]["customer"] is None) for edge in listed} == {(customer_id, True)}
    period = ask('{ report(period: "2026-W47") { topCustomers { id name revenue } } }')["report"]["topCustomers"][0]
    assert (period["id"], period["name"]) == (customer_id, None)
    log = ask("query($id: ID!) { auditLog(subject: $id) { edges { node { action reason before } } } }", id=customer_id)
    entries = {edge["node"]["action"]: edge["node"] for edge in log["auditLog"]["edges"]}
    assert entries["eraseCustomer"] == {"action": "eraseCustomer", "reason": "asked by letter", "before": None}
    assert entries["liftEmailSuppression"]["reason"] == "[erased]"


def test_a_change_that_is_repeated_after_the_erasure_does_not_bring_the_person_back(time: Clock) -> None:
    given = {"name": NAME, "email": EMAIL, "phone": PHONE}
    customer_id = ask(CREATE, "create", input=given)["createCustomer"]["customer"]["id"]
    time.later(minutes=2)
    erase(customer_id)
    again = ask(CREATE, "create", input=given)["createCustomer"]["customer"]
    assert again == {"id": customer_id, "name": "[erased]", "email": "[erased]", "phone": "[erased]", "phoneNote": None}
    assert rows_of(tables.Customer) == {}


def test_the_erased_address_is_free_and_its_suppression_stays(time: Clock) -> None:
    ann = a_customer(NAME, EMAIL)
    email_suppressions.suppress(EMAIL, Reason.UNSUBSCRIBE, clock.now())
    time.later(minutes=2)
    erase(ann.id)
    new = ask(CREATE, input={"name": "Ann", "email": EMAIL})["createCustomer"]["customer"]["id"]
    assert ids.is_id(ids.CUSTOMER, new)
    assert new != ann.id
    found = email_suppressions.find(EMAIL)
    assert found
    assert found.reason is Reason.UNSUBSCRIBE
    lamp = a_product()
    with pytest.raises(CrmError, match="Invalid customer ID"):
        orders.place(ann.id, {lamp.id: 1})
