"""What this deployment is set to: the only reader of the environment, one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable CRM_<NAME>; the defaults are those of production.

    Shard counts fix where rows lie: raise them before there is data, or rewrite the rows.
    """

    stage: str = "dev"
    region: str = "us-east-1"
    open_access: bool = False
    """Answer requests without a key. Only `chalice local` and tests may set it."""
    list_shards: int = 1
    """Partitions of each list index; one takes about 700 new rows a second."""
    stock_shards: int = 4
    activity_shards: int = 16
    counter_shards: int = 16
    """Carries about 130 orders a second (an order conflicts with 1 of 10 others at most)."""
    low_stock_threshold: int = 10
    restock_amount: int = 10
    read_budget: int = 2000
    """Rows that one list request may examine before it answers with a short page."""
    plain_list_limit: int = 1000
    archive_days: int = 90
    inactive_days: int = 365
    """A customer without an order for longer is cleaned up."""
    cleanup_percent: int = 20
    cleanup_floor: int = 100
    """A clean-up that would delete more than that share of all customers, and more than that many, stops."""
    reminder_days: int = 7
    history_days: int = 400
    """How long runs and their lines are kept: longer than a year, so that last year's run can be compared."""
    rate_per_second: int = 20
    rate_burst: int = 200
    """Requests of one key: at once, and in the long run."""
    cost_limit: int = 10_000
    """Of a document, see `chalicelib.api.graphql.document_limits`."""
    cors_origins: str = ""
    """Origins, separated by commas, whose pages may call the API from a browser."""
    reference_executor: bool = False
    """Execute documents by graphql-core's own executor: slower, see `chalicelib.api.graphql.executor`."""
    graphiql: bool = True
    """Serve GraphiQL to browsers at GET /graphql."""
    api_url: str = ""
    """Where the heartbeat asks, e.g. https://.../graphql."""
    topic_arn: str = ""
    """An SNS topic that is told of late, failing and recovered jobs."""
    mail_sender: str = ""
    """With an address, reminders are also sent to customers, by SES from there."""
    report_recipients: str = ""
    """Addresses, separated by commas, that get the weekly report, if there is a sender."""
    on_lambda: bool = False
    """Set by Lambda itself, not by a variable of ours."""
    handler: str = ""
    """The function that this Lambda runs, such as app.heartbeat; empty elsewhere. Set by Lambda itself."""

    @property
    def table_prefix(self) -> str:
        return f"crm-{self.stage}-"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises ValueError that names the variable when a value does not fit."""
    values: dict[str, object] = {}
    for field in fields(Settings):
        name = f"CRM_{field.name.upper()}"
        text = environment.get(name)
        if text is not None:
            values[field.name] = _parse(name, text, type(field.default))
    # Not AWS_EXECUTION_ENV, which Chalice sets everywhere.
    values["on_lambda"] = "AWS_LAMBDA_FUNCTION_NAME" in environment
    values["handler"] = environment.get("_HANDLER", "")
    settings = Settings(**values)  # type: ignore[arg-type]  # checked by _parse, field by field
    if settings.open_access and settings.on_lambda:
        raise ValueError("CRM_OPEN_ACCESS is for development only: a deployed stage must ask for keys.")
    return settings


def _parse(name: str, text: str, kind: type) -> object:
    if kind is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"", "0", "false", "no", "off"}:
            return False
        raise ValueError(f"{name} must be true or false, not {text!r}.")
    if kind is int:
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, not {text!r}.")
        return int(text)
    if not text:
        raise ValueError(f"{name} is set, but empty.")
    return text


settings = read_settings(os.environ)
