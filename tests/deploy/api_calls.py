"""Every field of the API asked for once, with a key, and each change also with an idempotency key."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3

import app
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import unsubscribe_tokens
from chalicelib.jobs import queue
from tests.builders import time_is
from tests.deploy import scheduled_calls
from tests.deploy.recording import Recording

NOW = "2026-11-23T13:00:00"
PAGE = "edges { node { id } } pageInfo { hasNextPage endCursor }"
LISTS = (
    'allCustomers(name: "a", orderBy: ["name", "-createdAt"], first: 1)',
    "allProducts(lowStock: true, first: 1)",
    'allOrders(customerName: "a", orderBy: ["-totalAmount"], first: 1)',
    "lowStockProducts(first: 1)",
    "inactiveCustomers(first: 1)",
    "ordersDueForReminder(first: 1)",
)
QUERIES = (
    "{ hello health { database queue } }",
    *(f"{{ {field} {{ {PAGE} }} }}" for field in LISTS),
    "{ deletedCustomers { edges { node { id } } } keys { edges { node { id } } } auditLog { edges { node { subject } } } }",
    "{ customers { id } products { id } }",
    "{ orders { id customer { name } } }",
    "{ allCustomers(first: 5) { edges { node { orders(first: 5) { edges { node { products { name } } } } } } } }",
    '{ customer(email: "x@example.com") { id } product(sku: "LAMP") { id } order(id: "ord_x") { id } }',
    "{ crmStats { customers orders revenue } inactiveCustomerCount queue { waiting } }",
    '{ allOrders(productId: "PRODUCT") { edges { node { id lines { product { name } } } } } }',
    '{ reports { edges { node { period } } } report(period: "2026-W47") { period } }',
    '{ schedules { id nextRuns } previewSchedule(crontab: "@daily") { words firings { utc } } }',
    "{ jobs { name state lastRun } deadLetters { id } notificationChannels { target lastError } }",
    '{ job(name: "heartbeat") { state } jobRuns(job: "low_stock", first: 20) { edges { node { slot lines } } } }',
    '{ jobRun(job: "low_stock", slot: "2026-11-23T12:00:00Z") { lines } }',
    *(
        f'mutation {{ runJob(name: "{job}", dryRun: true) {{ preview {{ summary }} }} }}'
        for job in ("low_stock", "order_reminders", "customer_cleanup", "weekly_report")
    ),
)


def all_of_the_api(recording: Recording) -> None:
    with recording.paused(), time_is(NOW):
        key = api_keys.create("test", Role.OPERATOR, "test").key
        sqs = boto3.client("sqs", region_name="us-east-1")
        url = sqs.get_queue_url(QueueName=queue.DEAD)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        scheduled_calls.fire("weekly_report", scheduled_calls.WHEN["weekly_report"])
        scheduled_calls.work_off(NOW)
        scheduled_calls.fire("low_stock", scheduled_calls.WHEN["low_stock"])
        with scheduled_calls.failing("low_stock"):
            for _ in range(8):
                scheduled_calls.fire("low_stock", "2026-11-23T00:00:00")
        slot = {"job": "low_stock", "slot": "2026-11-23T00:00:00Z"}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(slot))
    asker = _Asker(recording, f"Bearer {key}")
    for document in QUERIES:
        asker.ask(document)
    for document in _changes(asker):
        assert document
    _unsubscribe(recording)
    customer = asker.ask('{ customer(email: "b@example.com") { id emailSuppression { reason } } }')["customer"]
    lifted = asker.change(f'liftEmailSuppression(customerId: "{customer["id"]}", reason: "x") {{ customer {{ id }} }}')
    assert lifted["customer"] == {"id": customer["id"]}
    _erase(asker, recording)
    asker.persisted("{ hello }")


class _Asker:
    def __init__(self, recording: Recording, authorization: str) -> None:
        self._recording = recording
        self._headers = {"authorization": authorization}
        self._number = 0

    def ask(self, document: str, **more: Any) -> dict[str, Any]:
        self._recording.begin_step()
        self._number += 1
        headers = self._headers | ({"idempotency-key": f"n{self._number}"} if document.startswith("mutation") else {})
        with time_is(f"2026-11-23T13:{self._number // 60:02d}:{self._number % 60:02d}"):
            answer = scheduled_calls.ask(document, headers=headers, **more)
        assert "errors" not in answer, (document, answer)
        data: dict[str, Any] = answer["data"]
        return data

    def change(self, text: str) -> Any:
        (found,) = self.ask(f"mutation {{ {text} }}").values()
        return found

    def persisted(self, document: str) -> None:
        digest = hashlib.sha256(document.encode()).hexdigest()
        self.ask(document, extensions={"persistedQuery": {"version": 1, "sha256Hash": digest}})


def _erase(asker: _Asker, recording: Recording) -> None:
    """Ann is in a report, in dead letters of both queues, and has a reference; Cy is deleted."""
    with recording.paused():
        scheduled_calls.name_in_dead_letters("Ann")
    found = asker.ask('{ allCustomers(name: "Ann") { edges { node { id } } } }')["allCustomers"]["edges"]
    ann = found[0]["node"]["id"]
    person = f'personalData(customerId: "{ann}") {{ orders {{ edges {{ node {{ id }} }} }} traces {{ nodes {{ kind }} after }} }}'
    assert asker.ask(f"{{ {person} }}")["personalData"]["traces"]["nodes"]
    assert asker.change(f'eraseCustomer(id: "{ann}", reason: "asked", dryRun: true) {{ preview {{ summary }} }}')
    assert asker.change(f'eraseCustomer(id: "{ann}", reason: "asked") {{ run {{ slot }} }}')
    after = None
    while True:
        argument = f', after: "{after}"' if after else ""
        after = asker.change(f'erasePersonalData(customerId: "{ann}"{argument}) {{ erased after }}')["after"]
        if after is None:
            break
    cy = asker.ask('{ personalData(email: "cy@example.com") { customerId } }')["personalData"]["customerId"]
    asker.change(f'deleteCustomer(id: "{cy}") {{ customer {{ id }} }}')
    assert asker.change(f'erasePersonalData(customerId: "{cy}") {{ after }}')


def _unsubscribe(recording: Recording) -> None:
    """The one page that needs no key, for the address that is suppressed next."""
    recording.begin_step()
    event = {
        "httpMethod": "POST",
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": {"token": [unsubscribe_tokens.token_for("b@example.com")]},
        "pathParameters": None,
        "stageVariables": None,
        "body": "List-Unsubscribe=One-Click",
        "isBase64Encoded": False,
        "requestContext": {"resourcePath": "/unsubscribe", "httpMethod": "POST"},
    }
    assert app.app(event, None)["statusCode"] == 200


def _changes(asker: _Asker) -> Iterator[Any]:
    change = asker.change
    customer = change('createCustomer(input: {name: "Bo", email: "bo@example.com"}) { customer { id } }')["customer"]
    other = change('createCustomer(input: {name: "Cy", email: "cy@example.com"}) { customer { id } }')["customer"]
    product = change('createProduct(input: {name: "Bed", price: "9.00", stock: 9, sku: "BED"}) { product { id } }')
    bed = product["product"]["id"]
    lines = f'lines: [{{productId: "{bed}", quantity: 2}}]'
    order = change(f'createOrder(input: {{customerId: "{customer["id"]}", {lines}}}) {{ order {{ id }} }}')["order"]
    yield change('bulkCreateCustomers(input: [{name: "Di", email: "di@example.com"}]) { customers { id } }')
    yield change('bulkCreateProducts(input: [{name: "Cup", price: "1.00", sku: "CUP"}]) { products { id } }')
    past = 'reference: "R1", customerEmail: "di@example.com", orderDate: "2025-01-01T00:00:00Z"'
    cups = 'lines: [{sku: "CUP", quantity: 1, unitPrice: "1.00"}]'
    yield change(f"bulkCreateOrders(input: [{{{past}, {cups}}}]) {{ results {{ error {{ message }} }} }}")
    yield change(f'updateCustomer(id: "{customer["id"]}", input: {{email: "b@example.com"}}) {{ customer {{ id }} }}')
    yield change(f'updateProduct(id: "{bed}", input: {{price: "8.00", sku: "BED2"}}) {{ product {{ id }} }}')
    back = change(f'createOrder(input: {{customerId: "{customer["id"]}", {lines}}}) {{ order {{ id }} }}')["order"]
    yield change(f'refundOrder(id: "{back["id"]}", {lines}, restock: true, reason: "broken") {{ order {{ id }} }}')
    yield change(f'cancelOrder(id: "{order["id"]}") {{ order {{ id }} }}')
    yield change(f'deleteProduct(id: "{bed}") {{ __typename }}')
    fresh = change('createProduct(input: {name: "Pan", price: "9.00", sku: "PAN"}) { product { id } }')["product"]
    yield change(f'deleteProduct(id: "{fresh["id"]}") {{ __typename }}')
    mug = change('createProduct(input: {name: "Mug", price: "9.00", stock: 9}) { product { id } }')["product"]["id"]
    mugs = f'createOrder(input: {{customerId: "{other["id"]}", productIds: ["{mug}"]}}) {{ order {{ id }} }}'
    _kept, doomed = (change(mugs)["order"]["id"] for _ in range(2))
    yield change(f'deleteCustomer(id: "{other["id"]}") {{ customer {{ id }} }}')
    yield change(f'cancelOrder(id: "{doomed}") {{ order {{ id }} }}')
    yield change(f'restoreCustomer(id: "{other["id"]}") {{ customer {{ id }} }}')
    yield from _merges(asker, customer["id"], other["id"])
    yield change("updateLowStockProducts { message }")
    old = asker.ask("{ inactiveCustomers { edges { node { id } } } }")["inactiveCustomers"]["edges"][0]["node"]["id"]
    yield change(f'deleteInactiveCustomers(activeBefore: "2025-06-01", ids: ["{old}"]) {{ deleted }}')
    yield change('pauseJob(name: "heartbeat", reason: "test") { job { state } }')
    yield change('resumeJob(name: "heartbeat") { job { state } }')
    yield change('runJob(name: "order_reminders") { run { slot } }')
    yield change('runJob(name: "low_stock", slot: "2026-11-23T00:00:00Z") { run { slot } }')
    made = change('createSchedule(input: {job: "low_stock", crontab: "0 9 * * *"}) { schedule { id } }')["schedule"]
    yield change(f'updateSchedule(id: "{made["id"]}", input: {{enabled: false}}) {{ schedule {{ id }} }}')
    yield change(f'deleteSchedule(id: "{made["id"]}") {{ id }}')
    yield change('updateSchedule(id: "low_stock.default", input: {timeZone: "Europe/Berlin"}) { schedule { id } }')
    yield change('resetSchedule(job: "low_stock") { schedule { nextRuns } }')
    yield from _channels(change)
    low = change('runJob(name: "low_stock") { run { slot } }')["run"]["slot"]
    yield change(f'cancelRun(job: "low_stock", slot: "{low}", reason: "test") {{ run {{ status }} }}')
    yield change('backfill(job: "low_stock", from: "2026-11-01T00:00:00Z", to: "2026-11-01T12:00:00Z") { slots }')
    yield change('remakeReport(period: "2026-W46") { run { slot } }')
    yield change("redriveDeadLetters { redriven left }")
    yield change('discardDeadLetters(ids: ["none"]) { discarded left }')
    made = change('createKey(name: "k", role: VIEWER) { key { id } }')["key"]["id"]
    yield change(f'rotateKey(id: "{made}") {{ key {{ id }} }}')
    yield change(f'revokeKey(id: "{made}") {{ key {{ id }} }}')


def _merges(asker: _Asker, kept: str, absorbed: str) -> Iterator[Any]:
    yield asker.change(f'mergeCustomers(keep: "{kept}", absorb: "{absorbed}") {{ merge {{ status }} }}')
    yield asker.change(f'updateCustomer(id: "{kept}", input: {{email: "cy@example.com"}}) {{ customer {{ id }} }}')
    yield asker.change(f'updateCustomer(id: "{kept}", input: {{email: "b@example.com"}}) {{ customer {{ id }} }}')
    yield asker.ask(f'{{ customer(id: "{absorbed}") {{ merges {{ status }} }} }}')
    yield asker.change(f'undoCustomerMerge(absorbed: "{absorbed}") {{ merge {{ status }} }}')


def _channels(change: Callable[[str], Any]) -> Iterator[Any]:
    given = '{kind: EMAIL, name: "Ops", email: "ops@example.com", events: [PROBLEM]}'
    made = change(f"createNotificationChannel(input: {given}) {{ channel {{ id }} }}")["channel"]["id"]
    yield change(f'updateNotificationChannel(id: "{made}", input: {{name: "x"}}) {{ channel {{ lastError }} }}')
    yield change(f'sendTestNotification(id: "{made}") {{ channel {{ id }} }}')
    yield change(f'deleteNotificationChannel(id: "{made}") {{ id }}')
