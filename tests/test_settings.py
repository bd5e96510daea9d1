"""Settings are read from the environment once, and errors name the variable."""

import os
import subprocess
import sys

import pytest

from chalicelib.settings import Settings, read_settings

pytestmark = pytest.mark.no_database


def test_the_defaults_are_those_of_production() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({}).open_access is False


def test_variables_are_read_by_their_type() -> None:
    settings = read_settings({"CRM_STAGE": "prod", "CRM_READ_BUDGET": "500", "CRM_OPEN_ACCESS": "yes"})
    assert settings == Settings(stage="prod", read_budget=500, open_access=True)
    assert settings.table_prefix == "crm-prod-"


def test_on_lambda_the_region_is_that_of_the_function_unless_it_is_set() -> None:
    function = {"AWS_LAMBDA_FUNCTION_NAME": "crm-prod", "AWS_REGION": "eu-central-1"}
    assert read_settings(function).region == "eu-central-1"
    assert read_settings(function | {"CRM_REGION": "eu-west-1"}).region == "eu-west-1"
    assert read_settings({"AWS_REGION": "eu-central-1"}).region == "us-east-1", (
        "a developer's own region means nothing here"
    )


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("CRM_READ_BUDGET", "many", "CRM_READ_BUDGET must be a whole number"),
        ("CRM_READ_BUDGET", "0", "CRM_READ_BUDGET must be a whole number of at least 1"),
        ("CRM_HISTORY_DAYS", "13", "CRM_HISTORY_DAYS must be a whole number of at least 14"),
        ("CRM_RESTOCK_AMOUNT", "1000000001", "CRM_RESTOCK_AMOUNT must be a whole number of at least 1, and at most"),
        ("CRM_READ_BUDGET", "²", "CRM_READ_BUDGET must be a whole number"),
        ("CRM_OPEN_ACCESS", "maybe", "CRM_OPEN_ACCESS must be true or false"),
        ("CRM_STAGE", "", "CRM_STAGE is set, but empty"),
        ("CRM_TIME_ZONE", "Berlin", "CRM_TIME_ZONE: 'Berlin' is not a time zone: use a name of the IANA database"),
        ("CRM_TIME_ZONE", "../etc/passwd", "CRM_TIME_ZONE: '../etc/passwd' is not a time zone"),
        ("CRM_TIME_ZONE", "", "CRM_TIME_ZONE is set, but empty"),
        ("CRM_CURRENCY", "eur", "CRM_CURRENCY must be a code of ISO 4217 in capital letters, such as EUR, not 'eur'"),
        ("CRM_CURRENCY", "XYZ", "CRM_CURRENCY must be a code of ISO 4217"),
        ("CRM_CURRENCY", "JPY", "CRM_CURRENCY must be a currency with two decimals, .*: JPY has none"),
        ("CRM_CURRENCY", "KWD", "CRM_CURRENCY must be a currency with two decimals, .*: KWD has three"),
    ],
)
def test_an_invalid_value_names_its_variable(name: str, value: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_settings({name: value})


def test_the_settings_of_the_jobs_are_read() -> None:
    found = read_settings(
        {
            "CRM_INACTIVE_DAYS": "30",
            "CRM_CLEANUP_PERCENT": "5",
            "CRM_CLEANUP_FLOOR": "7",
            "CRM_REMINDER_DAYS": "3",
            "CRM_HISTORY_DAYS": "40",
            "CRM_API_URL": "https://crm.example/graphql",
            "CRM_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:alerts",
            "CRM_MAIL_SENDER": "orders@crm.example",
        }
    )
    assert (found.inactive_days, found.cleanup_percent, found.cleanup_floor) == (30, 5, 7)
    assert (found.reminder_days, found.history_days) == (3, 40)
    assert (found.api_url, found.mail_sender) == ("https://crm.example/graphql", "orders@crm.example")
    assert found.topic_arn.endswith(":alerts")


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_read_by_its_name(name: str) -> None:
    assert read_settings({"CRM_TIME_ZONE": name}).time_zone == name


@pytest.mark.parametrize("code", ["EUR", "CHF", "USD", "XCG"])
def test_a_currency_with_two_decimals_is_read(code: str) -> None:
    assert read_settings({"CRM_CURRENCY": code}).currency == code


def test_e_mails_and_alerts_go_nowhere_by_default() -> None:
    found = read_settings({})
    assert (found.api_url, found.topic_arn, found.mail_sender) == ("", "", "")


@pytest.mark.parametrize("name", ["CRM_INACTIVE_DAYS", "CRM_CLEANUP_FLOOR", "CRM_REMINDER_DAYS", "CRM_HISTORY_DAYS"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "", "a week"])
def test_numbers_of_days_must_be_positive(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1"):
        read_settings({name: value})


def test_lambda_is_detected() -> None:
    assert read_settings({"AWS_LAMBDA_FUNCTION_NAME": "crm-prod"}).on_lambda
    assert not read_settings({"AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"}).on_lambda


def test_the_handler_of_a_lambda_is_read() -> None:
    assert read_settings({"_HANDLER": "app.heartbeat"}).handler == "app.heartbeat"
    assert not read_settings({}).handler


def test_a_deployed_stage_rejects_open_access() -> None:
    with pytest.raises(ValueError, match="a deployed stage must ask for keys"):
        read_settings({"CRM_OPEN_ACCESS": "true", "AWS_LAMBDA_FUNCTION_NAME": "crm-prod"})


def test_a_deployed_stage_rejects_webhooks_without_https() -> None:
    with pytest.raises(ValueError, match="a deployed stage sends over https"):
        read_settings({"CRM_LOCAL_WEBHOOKS": "true", "AWS_LAMBDA_FUNCTION_NAME": "crm-prod"})


def test_on_lambda_the_app_needs_nothing_that_is_not_packaged() -> None:
    """Imported as Lambda does it, without localdev, crmctl and the tests on the path: and it lets nobody in."""
    code = (
        "import sys; sys.modules.update(localdev=None, crmctl=None, click=None, moto=None)\n"
        "import app\n"
        "from chalicelib.api.http.endpoint import respond\n"
        "from chalicelib.api.http.http_types import Request\n"
        "sent = Request('POST', {'content-type': 'application/json'}, {}, '{\"query\": \"{ jobs { name } }\"}')\n"
        "assert respond(sent).status == 401\n"
    )
    names = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    environment = names | {"AWS_LAMBDA_FUNCTION_NAME": "crm-prod", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
