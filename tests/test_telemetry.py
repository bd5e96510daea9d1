"""Log lines and metrics: JSON on Lambda, plain lines elsewhere, never e-mail addresses or keys."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import telemetry
from chalicelib.settings import settings

pytestmark = pytest.mark.no_database
Lines = Callable[[], list[Any]]


@pytest.fixture(autouse=True)
def _a_log_of_its_own() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("crm")
    before = root.handlers[:], root.level, own.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])


def _started() -> Lines:
    """Each phase of a test has another stdout, so the lines go to a file of their own."""
    written = io.StringIO()
    telemetry.start()
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    return lambda: written.getvalue().splitlines()


@pytest.fixture
def on_lambda(monkeypatch: pytest.MonkeyPatch) -> Lines:
    monkeypatch.setattr(telemetry, "settings", replace(settings, on_lambda=True, stage="prod"))
    lines = _started()
    return lambda: [json.loads(line) for line in lines()]


@pytest.fixture
def on_a_console() -> Lines:
    return _started()


def test_on_a_console_a_line_is_its_text_and_nothing_else(on_a_console: Lines) -> None:
    telemetry.info("22/11/2026-12:00:00 CRM is alive", job="heartbeat", slot="2026-11-22T12:00:00Z")
    telemetry.warn("late", job="heartbeat")
    assert on_a_console() == ["22/11/2026-12:00:00 CRM is alive", "late"]


def test_on_lambda_a_line_is_an_object_with_its_keys(on_lambda: Lines) -> None:
    telemetry.info("CRM is alive", job="heartbeat", slot="2026-11-22T12:00:00Z", counts={"up": 1}, error=None)
    (line,) = on_lambda()
    assert line["message"] == "CRM is alive"
    assert (line["level"], line["service"], line["stage"]) == ("INFO", "crm", "prod")
    assert (line["job"], line["slot"], line["counts"]) == ("heartbeat", "2026-11-22T12:00:00Z", {"up": 1})
    assert line["timestamp"]


def test_keys_of_one_line_are_not_those_of_the_next(on_lambda: Lines) -> None:
    telemetry.info("one", job="heartbeat", slot="s")
    telemetry.info("two")
    _, second = on_lambda()
    assert "job" not in second
    assert "slot" not in second


def _boom() -> RuntimeError:
    def fail() -> None:
        raise RuntimeError("no luck with ann@example.com")

    with pytest.raises(RuntimeError) as raised:
        fail()
    return raised.value


def test_a_warning_has_the_stack_of_its_error_in_the_same_line(on_lambda: Lines) -> None:
    telemetry.warn("a try of a run failed", exc_info=_boom(), job="tally")
    (line,) = on_lambda()
    assert (line["level"], line["exception_name"]) == ("WARNING", "RuntimeError")
    assert "_boom" in line["exception"]
    assert "ann@example.com" not in str(line)


SECRETS = {
    "plain": ("mail to ann@example.com", "mail to ***@***"),
    "in brackets": ("customer (ann.lee+x@ex-ample.co.uk), gone", "customer (***@***), gone"),
    "in angles": ("Ann <ann@example.com>", "Ann <***@***>"),
    "in quotes": ("'ann@example.com' is taken", "'***@***' is taken"),
    "in double quotes": ('"ann@example.com" is taken', '"***@***" is taken'),
    "in JSON": ('sent {"email": "ann@example.com", "name": "Ann"}', 'sent {"email": "***@***", "name": "Ann"}'),
    "two": ("ann@example.com,bob@example.com", "***@***,***@***"),
    "in lines": ("to:\nann@example.com\nand more", "to:\n***@***\nand more"),
    "not ASCII": ("mail to zoë@exämple.com", "mail to ***@***"),
    "a key": ("Bearer crm_a1B2_c3-D4_e5 sent", "Bearer crm_*** sent"),
    "both": ("crm_a1_b2 of ann@example.com", "crm_*** of ***@***"),
    "none": ("3 of 4 @ noon, crm-dev-jobs", "3 of 4 @ noon, crm-dev-jobs"),
}
every_secret = pytest.mark.parametrize(("text", "shown"), SECRETS.values(), ids=SECRETS.keys())


@every_secret
def test_addresses_and_keys_are_not_logged_on_a_console(text: str, shown: str, on_a_console: Lines) -> None:
    telemetry.info(text)
    assert "\n".join(on_a_console()) == shown


@every_secret
def test_addresses_and_keys_are_not_logged_on_lambda_and_lines_stay_json(
    text: str, shown: str, on_lambda: Lines
) -> None:
    telemetry.info(text, error=text)
    (line,) = on_lambda()
    if text != SECRETS["in lines"][0]:
        assert (line["message"], line["error"]) == (shown, shown)
    assert "ann@" not in str(line)
    assert "bob@" not in str(line)


def test_lines_of_other_loggers_are_redacted_as_well(on_lambda: Lines) -> None:
    logging.getLogger("chalicelib.api.graphql.error_format").error("unexpected error of %s", "ann@example.com")
    (line,) = on_lambda()
    assert line["message"] == "unexpected error of ***@***"


def test_personal_lines_name_customers_and_still_no_keys(on_lambda: Lines) -> None:
    telemetry.info("Order ID: ord_1, Customer Email: ann@example.com, crm_a1_b2", personal=True)
    (line,) = on_lambda()
    assert line["message"] == "Order ID: ord_1, Customer Email: ann@example.com, crm_***"


def test_other_loggers_are_shown_from_warnings_on(on_a_console: Lines) -> None:
    logging.getLogger("botocore").info("a request")
    logging.getLogger("botocore").warning("no answer")
    logging.getLogger("crm").debug("detail")
    assert on_a_console() == ["no answer"]


def test_starting_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.start()
    telemetry.start()
    telemetry.info("once")
    assert capsys.readouterr().out == "once\n"


def test_metrics_are_for_lambda_only(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.count("RunSucceeded", job="heartbeat")
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("on_lambda")
def test_a_metric_is_what_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.count("RunSucceeded", job="heartbeat")
    telemetry.count("latency_ms", 37, job="heartbeat")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["RunSucceeded"], second["latency_ms"]) == ([1.0], [37.0])
    assert (first["stage"], first["job"]) == ("prod", "heartbeat")
    (metrics,) = first["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "CRM"
    assert [set(names) for names in metrics["Dimensions"]] == [{"stage", "job"}]
    assert metrics["Metrics"] == [{"Name": "RunSucceeded", "Unit": "Count"}]
