"""Settings of this deployment: read once from the environment, into one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from chalicelib import currencies, time_zones


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable CRM_<NAME>. The defaults are those of production.

    The numbers of shards decide where rows are stored: change them before there is data, or rewrite the rows.
    """

    stage: str = "dev"
    region: str = "us-east-1"
    generation: int = 1
    """Which tables the stage uses: a restore creates those of the next generation."""
    open_access: bool = False
    """Accept requests without an API key. Only `chalice local` and tests may set it."""
    local_webhooks: bool = False
    """Allow webhooks without https, to loopback only. Only `chalice local` may set it."""
    list_shards: int = 1
    """Shards of each list index. One shard takes about 700 new rows per second."""
    stock_shards: int = 4
    activity_shards: int = 16
    counter_shards: int = 16
    """16 shards carry about 130 orders per second, of which at most 1 in 10 has to retry."""
    time_zone: str = "UTC"
    """Whose days are counted, see `chalicelib.crm.calendar_days`. It is stored with the data, and cannot change afterwards."""
    currency: str = "USD"
    """The label of all amounts, a code of ISO 4217. Changing it converts nothing."""
    low_stock_threshold: int = 10
    restock_amount: int = 10
    read_budget: int = 2000
    """Rows that one list may read before it returns a short page."""
    rows_per_request: int = 5000
    """Rows and index keys that one query may read, over all its lists. A query that needs more is refused."""
    calls_per_request: int = 200
    """Calls to the database that one query may make."""
    plain_list_limit: int = 1000
    archive_days: int = 90
    inactive_days: int = 365
    """Customers without an order for longer than this are deleted by the clean-up."""
    cleanup_percent: int = 20
    cleanup_floor: int = 10
    """A clean-up stops if it would delete more than `cleanup_percent` of all customers and more than `cleanup_floor`."""
    reminder_days: int = 7
    history_days: int = 400
    """How long runs and their log lines are kept: longer than a year, so that last year's run can be compared.

    It must cover two runs of every job, or a weekly job would look as if it had never run.
    """
    rate_per_second: int = 20
    """Requests per second that one API key may make in the long run."""
    rate_burst: int = 200
    """Requests that one API key may make at once."""
    cost_limit: int = 10_000
    """The highest cost of a document, see `chalicelib.api.graphql.query_cost`."""
    cors_origins: str = ""
    """Origins whose pages may call the API from a browser, separated by commas."""
    reference_executor: bool = False
    """Execute documents with graphql-core's own executor. It is slower, see `chalicelib.api.graphql.executor`."""
    graphiql: bool = True
    """Serve GraphiQL to browsers at GET /graphql."""
    api_url: str = ""
    """The address that the heartbeat checks, for example https://.../graphql."""
    topic_arn: str = ""
    """The SNS topic for alerts about late, failing and recovered jobs."""
    mail_sender: str = ""
    """The address that SES sends reminders to customers from. Without it no e-mail is sent."""
    mail_configuration_set: str = ""
    """The SES configuration set of every e-mail: it reports bounces and complaints. Without it nobody learns of them."""
    report_recipients: str = ""
    """Addresses that get the weekly report, separated by commas, if there is a sender."""
    on_lambda: bool = False
    """Set by Lambda itself, not by a variable of ours."""
    handler: str = ""
    """The function that this Lambda runs, such as app.heartbeat; empty elsewhere. Set by Lambda itself."""

    @property
    def table_prefix(self) -> str:
        return f"crm-{self.stage}-" if self.generation == 1 else f"crm-{self.stage}-{self.generation}-"


_MINIMUMS = {"history_days": 14}
"""The lowest values of whole numbers, where 1 would not do."""
_MAXIMUM = 10**9
"""A restock then stays within GraphQL's Int, whatever the threshold and the amount are."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises ValueError, which names the variable, if a value is not valid."""
    values: dict[str, object] = {}
    for field in fields(Settings):
        name = f"CRM_{field.name.upper()}"
        text = environment.get(name)
        if text is not None:
            values[field.name] = _parse(name, text, type(field.default), _MINIMUMS.get(field.name, 1))
    # Not AWS_EXECUTION_ENV, which Chalice sets everywhere.
    values["on_lambda"] = "AWS_LAMBDA_FUNCTION_NAME" in environment
    values["handler"] = environment.get("_HANDLER", "")
    if values["on_lambda"] and environment.get("AWS_REGION"):
        values.setdefault("region", environment["AWS_REGION"])  # where the function and its tables are
    settings = Settings(**values)  # type: ignore[arg-type]  # checked by _parse, field by field
    try:
        time_zones.find(settings.time_zone)
    except time_zones.UnknownTimeZone as error:
        raise ValueError(f"CRM_TIME_ZONE: {error}.") from None
    if problem := currencies.problem_of(settings.currency):
        raise ValueError(f"CRM_CURRENCY {problem}.")
    if settings.open_access and settings.on_lambda:
        raise ValueError("CRM_OPEN_ACCESS is for development only: a deployed stage must ask for keys.")
    if settings.local_webhooks and settings.on_lambda:
        raise ValueError("CRM_LOCAL_WEBHOOKS is for development only: a deployed stage sends over https.")
    return settings


def _parse(name: str, text: str, kind: type, minimum: int) -> object:
    if kind is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"", "0", "false", "no", "off"}:
            return False
        raise ValueError(f"{name} must be true or false, not {text!r}.")
    if kind is int:
        if not text.isascii() or not text.isdigit() or not minimum <= int(text) <= _MAXIMUM:
            raise ValueError(
                f"{name} must be a whole number of at least {minimum}, and at most {_MAXIMUM}, not {text!r}."
            )
        return int(text)
    if not text:
        raise ValueError(f"{name} is set, but empty.")
    return text


settings = read_settings(os.environ)
