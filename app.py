"""The map of the system: HTTP routes, the schedules of the five jobs, the dispatcher, and the consumers of two queues."""

import gc
import os

# A module creates objects that stay. To look for garbage among them takes a tenth of a cold start (measured).
gc.disable()

# Not asked of settings: localdev.start() sets the environment that settings are read from. Lambdas have no localdev.
UNDER_CHALICE_CLI = os.environ.get("AWS_CHALICE_CLI_MODE") == "true"
if UNDER_CHALICE_CLI:
    import localdev

    localdev.start()

from chalicelib import precompiled

precompiled.install()  # before all that it makes faster

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import chalice.app
from chalice.app import Chalice, CloudWatchEvent, Cron, Response, SQSEvent

from chalicelib import telemetry
from chalicelib.access.authorization import Caller
from chalicelib.api.http import http_types
from chalicelib.api.http.http_types import Request
from chalicelib.api.pages import console
from chalicelib.jobs import catalog, dispatcher, queue, ses_events, watchdog
from chalicelib.jobs.job import Job
from chalicelib.jobs.operations import Execute
from chalicelib.jobs.runner import Runner
from chalicelib.settings import settings
from chalicelib.store import connection, throttles

WITHOUT_GRAPHQL = {"app.heartbeat", "app.weekly_report", "app.dispatch", "app.email_events"}
"""Functions that execute no GraphQL: importing it is a third of a cold start (measured)."""

app = Chalice(
    app_name=f"crm-{settings.stage}",  # also the name of the REST API
    configure_logs=False,  # Chalice's own handler would bypass telemetry
)
telemetry.start()

# Prepare here what can be prepared: while a function starts, Lambda gives it a whole CPU.
if settings.on_lambda:
    throttles.watch(connection.client())
if settings.handler not in WITHOUT_GRAPHQL:
    import chalicelib.api.http.endpoint  # noqa: F401 - so that `graphql` finds it imported
    from chalicelib.api.graphql.schema import rules

    rules()


# Every method is routed here: API Gateway would answer a 403 to methods without a route.
@app.route("/graphql", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], content_types=["*/*"])
def graphql() -> Response:
    from chalicelib.api.http.endpoint import respond

    return response(respond(request()))


@app.route("/")
def home() -> Response:
    return response(console.lead_to(current().context["path"]))


@app.route("/console")
def console_page() -> Response:
    return response(console.serve(request()))


@app.route("/console/{name}")
def console_file(name: str) -> Response:
    return response(console.serve(request(), name))


@app.route("/console/vendor/{name}")
def console_library(name: str) -> Response:
    return response(console.serve(request(), "vendor", name))


@app.route("/unsubscribe", methods=["GET", "POST"], content_types=["*/*"])
def unsubscribe_page() -> Response:
    from chalicelib.api.pages import unsubscribe

    return response(unsubscribe.serve(request()))


def current() -> chalice.app.Request:
    assert app.current_request is not None  # noqa: S101 - Chalice sets it before it calls a view
    return app.current_request


def request() -> Request:
    sent = current()
    return Request(sent.method, sent.headers, sent.query_params or {}, sent.raw_body)


def response(answer: http_types.Response) -> Response:
    return Response(answer.body, {**answer.headers}, answer.status)


def execute_as(name: str) -> Execute:
    """Return a function that runs GraphQL in this process as the part of the system with this name."""

    def execute(document: str, variables: Mapping[str, object]) -> dict[str, Any]:
        from chalicelib.api.graphql import execution

        return execution.execute(document, variables, Caller.system(name))

    return execute


def cron(job: Job) -> Cron:
    return Cron(*job.schedule.eventbridge)


def runner(event: CloudWatchEvent | SQSEvent) -> Runner:
    context: Any = event.context  # Lambda's own object, although Chalice's types say it is a dictionary
    return Runner(execute_as, lambda: context.get_remaining_time_in_millis() / 1000)


def fire(job: Job, event: CloudWatchEvent) -> None:
    runner(event).fire(job, datetime.fromisoformat(event.time))


@app.schedule(cron(catalog.HEARTBEAT), name=catalog.HEARTBEAT.name)
def heartbeat(event: CloudWatchEvent) -> None:
    try:
        watchdog.run_checks()  # first: an API that hangs must not keep the watchdog from the other jobs
    finally:
        fire(catalog.HEARTBEAT, event)
        watchdog.check_alerts(catalog.HEARTBEAT)


@app.schedule(cron(catalog.LOW_STOCK), name=catalog.LOW_STOCK.name)
def low_stock(event: CloudWatchEvent) -> None:
    fire(catalog.LOW_STOCK, event)


@app.schedule(cron(catalog.ORDER_REMINDERS), name=catalog.ORDER_REMINDERS.name)
def order_reminders(event: CloudWatchEvent) -> None:
    fire(catalog.ORDER_REMINDERS, event)


@app.schedule(cron(catalog.CUSTOMER_CLEANUP), name=catalog.CUSTOMER_CLEANUP.name)
def customer_cleanup(event: CloudWatchEvent) -> None:
    fire(catalog.CUSTOMER_CLEANUP, event)


@app.schedule(cron(catalog.WEEKLY_REPORT), name=catalog.WEEKLY_REPORT.name)
def weekly_report(event: CloudWatchEvent) -> None:
    fire(catalog.WEEKLY_REPORT, event)


@app.schedule(Cron(*dispatcher.SCHEDULE.eventbridge), name=dispatcher.NAME)
def dispatch(_event: CloudWatchEvent) -> None:
    dispatcher.serve()


# One message per invocation: Chalice cannot tell the queue which message of a batch failed.
@app.on_sqs_message(queue=queue.NAME, batch_size=1, name="work", maximum_concurrency=5)
def work(event: SQSEvent) -> None:
    for message in event:
        runner(event).deliver(message.body, message.receipt_handle)


@app.on_sqs_message(queue=ses_events.NAME, batch_size=1, name="email_events", maximum_concurrency=2)
def email_events(event: SQSEvent) -> None:
    for message in event:
        ses_events.handle(message.body)


gc.freeze()  # what is here now needs no further look
gc.enable()

if UNDER_CHALICE_CLI:
    localdev.run_jobs(app)
