"""The jobs as data: five with a schedule, and `erasure`, which runs on demand.

Each schedule is written here once, in UTC; app.py and the rest of the code read it here.
"""

from datetime import timedelta

from chalicelib.errors import UnknownJob
from chalicelib.jobs import customer_cleanup, email, erasure, heartbeat, low_stock, order_reminders, weekly_report
from chalicelib.jobs.job import UNDELIVERED, CatchUp, Job, Overlap
from chalicelib.jobs.permissions import Permissions
from chalicelib.jobs.schedule import Schedule

_HOUR = timedelta(hours=1)

HEARTBEAT = Job(
    name=heartbeat.NAME,
    schedule=Schedule("*/5 * * * *"),
    description="Checks the GraphQL API over HTTP and logs whether it is alive",
    step=heartbeat.step,
    preview=heartbeat.preview,
    catch_up=CatchUp.NONE,  # whether the API was alive then cannot be found out now
    overlap=Overlap.SKIP,
    grace=timedelta(minutes=10),
    max_runs=8,
    window=timedelta(minutes=15),
    has_fixed_schedule=True,  # the watchdog runs with it
    lease=timedelta(minutes=2),  # expires before the next run is due
    on_ledger_unavailable=heartbeat.on_ledger_unavailable,
    alarm=heartbeat.alarm,
    alarm_after=2,  # a single lost request is no outage
    permissions=Permissions(tables={"runs": ("Query",), "ops": ("DeleteItem", "Query")}, publishes=True),
    memory=512,
    timeout=60,
)
LOW_STOCK = Job(
    name=low_stock.NAME,
    schedule=Schedule("0 */12 * * *"),
    description="Adds stock to each product that is low",
    step=low_stock.step,
    preview=low_stock.preview,
    arguments=low_stock.ARGUMENTS,
    catch_up=CatchUp.LATEST,
    overlap=Overlap.WAIT,
    grace=_HOUR,
    max_runs=6,
    window=_HOUR,
    permissions=Permissions(
        tables={"products": ("BatchGetItem", "GetItem", "UpdateItem")},
        indexes=("products",),
    ),
)
ORDER_REMINDERS = Job(
    name=order_reminders.NAME,
    schedule=Schedule("0 8 * * *"),
    description="Logs a reminder for each order of the last 7 days",
    step=order_reminders.step,
    preview=order_reminders.preview,
    arguments=order_reminders.ARGUMENTS,
    catch_up=CatchUp.LATEST,  # of several missed days, only the latest reminders are still of use
    overlap=Overlap.WAIT,
    grace=_HOUR,
    max_runs=6,
    window=_HOUR,
    personal=True,
    alarm=email.problem_of,
    alarm_kind=UNDELIVERED,
    permissions=Permissions(
        tables={
            "customers": ("BatchGetItem",),
            "orders": ("BatchGetItem",),
            "runs": ("Query",),
            "ops": ("BatchGetItem", "DeleteItem", "Query"),
        },
        indexes=("orders",),
        sends_email=True,
    ),
)
CUSTOMER_CLEANUP = Job(
    name=customer_cleanup.NAME,
    schedule=Schedule("0 2 * * 0"),
    description="Moves customers without an order in the last year to the archive",
    step=customer_cleanup.step,
    preview=customer_cleanup.preview,
    arguments=customer_cleanup.ARGUMENTS,
    catch_up=CatchUp.LATEST,
    overlap=Overlap.WAIT,
    grace=2 * _HOUR,
    max_runs=6,
    window=_HOUR,
    permissions=Permissions(
        tables={
            "customers": ("BatchGetItem", "DeleteItem", "GetItem"),
            "ops": ("BatchWriteItem", "DeleteItem", "Query"),
        },
        indexes=("customers",),
    ),
)
WEEKLY_REPORT = Job(
    name=weekly_report.NAME,
    schedule=Schedule("0 6 * * 1"),
    description="Makes the report of the week that has ended",
    step=weekly_report.step,
    preview=weekly_report.preview,
    arguments=weekly_report.ARGUMENTS,
    catch_up=CatchUp.ALL,  # every week gets its report
    overlap=Overlap.WAIT,
    grace=2 * _HOUR,
    max_runs=10,
    window=_HOUR,
    queued=True,
    alarm=email.problem_of,
    alarm_kind=UNDELIVERED,
    permissions=Permissions(
        tables={
            "customers": ("BatchGetItem",),
            "orders": ("BatchGetItem",),
            "reports": ("PutItem", "Query"),
            "ops": ("DeleteItem",),
        },
        indexes=("orders",),
        sends_email=True,
    ),
    memory=512,
)
JOBS = {job.name: job for job in (HEARTBEAT, LOW_STOCK, ORDER_REMINDERS, CUSTOMER_CLEANUP, WEEKLY_REPORT)}

ERASURE = Job(
    name=erasure.NAME,
    schedule=Schedule("0 0 1 1 *"),  # never served
    description="Erases a person: the customer, and all that names them",
    is_on_demand=True,
    step=erasure.step,
    preview=erasure.preview,
    catch_up=CatchUp.ALL,  # it goes on until it is done
    overlap=Overlap.WAIT,
    grace=_HOUR,
    max_runs=100,
    window=_HOUR,
    permissions=Permissions(
        tables={
            "customers": ("DeleteItem", "GetItem"),
            "orders": ("BatchGetItem",),
            "reports": ("Query", "UpdateItem"),
            "runs": ("Query",),
            "ops": ("BatchGetItem", "BatchWriteItem", "DeleteItem", "Query"),
        },
        indexes=("ops", "orders"),
        takes_dead_letters=True,
    ),
)
"""Only `eraseCustomer` starts it, so it is none of the five jobs that have schedules and are listed. It has alerts as they do."""


def known_jobs() -> dict[str, Job]:
    """Return all jobs whose runs are in the ledger."""
    return {**JOBS, ERASURE.name: ERASURE}


def find_any(name: str) -> Job:
    """Return a job whose run is repeated, continued or cancelled. Raises UnknownJob."""
    return known_jobs().get(name) or find(name)


def find(name: str) -> Job:
    """Return a job of the catalog. Raises UnknownJob."""
    if name not in JOBS:
        raise UnknownJob(f"There is no job {name!r}. The jobs are: {', '.join(JOBS)}", field="name")
    return JOBS[name]
