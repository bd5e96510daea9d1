"""SES refuses the account, one address or the pace: what is sent, what is released, and what operators are told."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from chalicelib.crm import orders
from chalicelib.jobs import email, operator_actions, order_reminders, overview, watchdog
from chalicelib.jobs.catalog import ORDER_REMINDERS
from chalicelib.jobs.email import Email
from chalicelib.jobs.job import UNDELIVERED
from chalicelib.jobs.run_records import Run, Status
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.builders import a_customer, a_product, rows_of
from tests.jobs.job_runs import (
    Clock,
    Consumer,
    find_run,
    make_runner,
    many_orders,
    stored_lines,
    use_jobs,
    warning_messages,
    with_page_size,
)

NAME = ORDER_REMINDERS.name
SLOT = Slot("2026-11-22T08:00:00Z")
SECONDS_PER_CALL = 0.025


def refusal(code: str, message: str = "no") -> ClientError:
    content = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(content, "SendEmail")  # type: ignore[arg-type]  # the part that SES sends


@dataclass
class FakeSes:
    """Takes e-mails at a rate, as a token bucket does. `problem` returns an error for the n-th request."""

    rate: float = 1000
    problem: Callable[[int, Email], Exception | None] = lambda _number, _message: None
    seconds: float = 0
    sent: list[str] = field(default_factory=list)
    requests: int = 0
    _tokens: float = 1
    _filled_at: float = 0

    def __call__(self, message: Email) -> None:
        self.requests += 1
        self.seconds += SECONDS_PER_CALL
        problem = self.problem(self.requests, message)
        if problem:
            raise problem
        self._tokens = min(self.rate, self._tokens + (self.seconds - self._filled_at) * self.rate)
        self._filled_at = self.seconds
        if self._tokens < 1:
            raise refusal("TooManyRequestsException", "Maximum sending rate exceeded.")
        self._tokens -= 1
        self.sent.append(message.text)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def ses(monkeypatch: pytest.MonkeyPatch, time: Clock) -> FakeSes:
    time.at("2026-11-22T08:00:00")
    with_sender = replace(settings, mail_sender="orders@crm.example", api_url="https://crm.example/api/graphql")
    for module in (email, order_reminders):
        monkeypatch.setattr(module, "settings", with_sender)
    use_jobs(monkeypatch, ORDER_REMINDERS)
    fake = FakeSes()
    monkeypatch.setattr(email, "_request", fake)
    monkeypatch.setattr("chalicelib.jobs.email.time.sleep", fake.sleep)
    return fake


def due_orders(count: int) -> None:
    many_orders(orders.place(a_customer("Ann", "ann@example.com").id, {a_product().id: 1}).order, count - 1)


def fire(time: Clock) -> Run:
    make_runner().fire(ORDER_REMINDERS, time.now)
    return find_run(NAME, SLOT)


def claimed_emails() -> int:
    return len([key for key in rows_of(tables.AuxRow) if key[0].startswith("mail#")])


ACCOUNT = [
    ("AccountSuspendedException", "Your account is suspended"),
    ("SendingPausedException", "Sending is paused"),
    ("MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified"),
    ("AccessDeniedException", "Not authorized to perform ses:SendEmail"),
    ("MessageRejected", "Email address is not verified. The following identities failed the check: ann@example.com"),
]


@pytest.mark.parametrize(("code", "words"), ACCOUNT)
def test_a_refusal_of_the_account_fails_the_run_and_the_day_can_be_repeated(
    code: str, words: str, ses: FakeSes, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    due_orders(10)
    ses.problem = lambda _number, _message: refusal(code, words)
    run = fire(time)
    assert (run.status, run.attempts, run.counts) == (Status.FAILED, 1, {})
    assert run.error == (
        f"SES refuses to send from orders@crm.example. Fix the cause, then repeat the run. SES says: {code}: {words}"
    )
    assert ses.requests == 1
    assert claimed_emails() == 0
    watchdog.run_checks()
    assert warning_messages(log) == [f"FAILING: {NAME}: the run of {SLOT} failed: {run.error}"]
    ses.problem = lambda _number, _message: None
    time.later(hours=1)
    again = operator_actions.run_now(ORDER_REMINDERS, "ann", {})
    Consumer().deliver_all()
    assert find_run(NAME, again.slot).counts == {"reminded": 10, "already_reminded": 0, email.SENT: 10}
    assert len(ses.sent) == 10


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_bad_address_is_a_failed_email_and_a_problem_of_the_job(
    code: str, ses: FakeSes, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    due_orders(3)
    ses.problem = lambda number, _message: refusal(code, "Domain contains illegal character") if number == 2 else None
    run = fire(time)
    assert (run.status, run.counts[email.SENT], run.counts[email.FAILED]) == (Status.SUCCEEDED, 2, 1)
    assert overview.load(ORDER_REMINDERS).problems == ["SES refused 1 of its e-mails; the log has the reasons"]
    watchdog.run_checks()
    assert warning_messages(log) == [
        "SES refused an e-mail",
        f"{UNDELIVERED}: {NAME}: SES refused 1 of its e-mails; the log has the reasons",
    ]
    ses.problem = lambda _number, _message: None
    make_runner().fire(ORDER_REMINDERS, time.later(days=1))
    assert overview.load(ORDER_REMINDERS).problems == []
    watchdog.run_checks()
    assert warning_messages(log)[-1] == f"RECOVERED: {NAME}: no longer undelivered"


@pytest.mark.parametrize(("rate", "count"), [(1, 25), (5, 60), (14, 130)])
def test_every_reminder_gets_out_at_the_rate_of_the_account(rate: float, count: int, ses: FakeSes, time: Clock) -> None:
    due_orders(count)
    ses.rate = rate
    run = fire(time)
    assert (run.status, run.attempts, run.counts[email.SENT]) == (Status.SUCCEEDED, 1, count)
    assert len(ses.sent) == len(set(ses.sent)) == count
    assert ses.seconds < 2.5 * count / rate + 2, "it waits no longer than it must"


def test_without_the_address_of_the_api_no_reminder_is_sent_and_the_day_can_be_repeated(
    ses: FakeSes, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_orders(3)
    with monkeypatch.context() as unset:
        unset.setattr(order_reminders, "settings", replace(settings, mail_sender="orders@crm.example"))
        run = fire(time)
    assert (run.status, run.attempts, ses.requests, claimed_emails()) == (Status.FAILED, 1, 0, 0)
    assert run.error == (
        "CRM_API_URL is not set, so reminders would have no link to unsubscribe. Set it, then repeat the run"
    )
    operator_actions.run_again(ORDER_REMINDERS, SLOT, "ann")
    Consumer().deliver_all()
    assert find_run(NAME, SLOT).counts[email.SENT] == 3


def test_without_orders_the_address_of_the_api_is_not_missed(
    ses: FakeSes, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_reminders, "settings", replace(settings, mail_sender="orders@crm.example"))
    assert fire(time).status is Status.SUCCEEDED
    assert ses.requests == 0


def test_a_sent_email_is_progress(ses: FakeSes, time: Clock) -> None:
    """SES takes two e-mails, then fails twice. Without progress, six attempts would be the end."""
    due_orders(20)
    ses.problem = lambda number, _message: refusal("ServiceUnavailable") if number % 4 in {0, 3} else None
    assert fire(time).error == "EmailUnavailable: SES does not accept e-mails at the moment: ServiceUnavailable: no"
    Consumer().deliver_all()
    run = find_run(NAME, SLOT)
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert run.attempts > 6
    assert run.counts == {"reminded": 20, "already_reminded": 0, email.SENT: 20}
    assert len(ses.sent) == len(set(ses.sent)) == len(stored_lines(NAME, SLOT)) == 20


def test_without_time_the_rest_of_a_page_is_sent_by_the_next_invocation(
    ses: FakeSes, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_orders(12)
    monkeypatch.setattr(order_reminders, "SELECT", with_page_size(order_reminders.SELECT, 5))
    # A random pause could reach from before an invocation's end to where the next one begins, once in fifty.
    monkeypatch.setattr("chalicelib.jobs.email.random.uniform", lambda _low, _high: 1.0)
    ses.rate = 1
    started: list[float] = []

    def seconds_left() -> float:
        if not started or ses.seconds - started[-1] > 4:
            started.append(ses.seconds)
        return 300.0 if ses.seconds - started[-1] < 3 else 1.0

    runner = make_runner(seconds_left)
    runner.fire(ORDER_REMINDERS, time.now)
    assert find_run(NAME, SLOT).status is Status.RUNNING
    consumer = Consumer(runner)
    consumer.deliver_all()
    run = find_run(NAME, SLOT)
    assert (run.status, run.attempts) == (Status.SUCCEEDED, 1)
    assert run.counts == {"reminded": 12, "already_reminded": 0, email.SENT: 12}
    assert len(ses.sent) == len(set(ses.sent)) == len(set(stored_lines(NAME, SLOT))) == 12


@pytest.mark.parametrize(
    "full",
    [
        refusal("LimitExceededException", "too many"),
        refusal("TooManyRequestsException", "Daily message quota exceeded."),
    ],
    ids=["limit", "quota"],
)
def test_a_used_up_daily_quota_ends_the_run_with_a_clear_sentence(full: ClientError, ses: FakeSes, time: Clock) -> None:
    due_orders(8)
    ses.problem = lambda number, _message: full if number > 5 else None
    run = fire(time)
    assert (run.status, run.counts[email.SENT]) == (Status.FAILED, 5)
    assert run.error
    assert run.error.startswith(
        "SES's daily sending quota is used up. Repeat the run tomorrow, or have AWS raise the quota. SES says: "
    )
    assert claimed_emails() == 5
    ses.problem = lambda _number, _message: None
    operator_actions.run_again(ORDER_REMINDERS, SLOT, "ann")
    Consumer().deliver_all()
    assert find_run(NAME, SLOT).counts[email.SENT] == 8
    assert len(ses.sent) == len(set(ses.sent)) == 8


def test_without_a_connection_the_email_is_released_and_sent_later(ses: FakeSes, time: Clock) -> None:
    due_orders(1)
    ses.problem = lambda number, _message: ConnectTimeoutError(endpoint_url="ses") if number == 1 else None
    run = fire(time)
    assert run.status is Status.WAITING
    assert run.error
    assert run.error.startswith("EmailUnavailable: SES does not accept e-mails at the moment")
    Consumer().deliver_all()
    assert find_run(NAME, SLOT).counts[email.SENT] == 1
