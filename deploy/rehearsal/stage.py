"""A deployed stage as those outside see it: its API over HTTPS, its queue, its schedules."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import boto3
import requests

from chalicelib.jobs.job import Job
from deploy.rehearsal.fake_internet import REHEARSER

Found = TypeVar("Found")
_SECONDS = 60


class RehearsalError(Exception):
    """The stage does not do what it should"""


class Stage:
    def __init__(self, name: str, url: str, key: str, environment: dict[str, str], ahead: Path) -> None:
        self.name = name
        self.url = url
        self._ahead = ahead
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy or certificates of the developer's are not meant
        self._session.proxies = {"https": environment["HTTPS_PROXY"]}
        self._session.verify = environment["REQUESTS_CA_BUNDLE"]
        self._session.headers[REHEARSER] = "yes"
        self._session.headers["Authorization"] = f"Bearer {key}"

    def answer(self, document: str, variables: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        response = self._session.post(self.url, json=body, headers=headers, timeout=_SECONDS)
        try:
            answer: dict[str, Any] = response.json()
        except ValueError as error:
            raise RehearsalError(f"{document} was answered by {response.status_code} {response.text[:500]}") from error
        return answer

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        answer = self.answer(document, variables)
        if "errors" in answer or "data" not in answer:
            raise RehearsalError(f"{document} was answered by {json.dumps(answer)}")
        data: dict[str, Any] = answer["data"]
        return data

    def run(self, job: str, *, after: str = "") -> dict[str, Any] | None:
        """The newest run of that job, if its slot is later than `after` and it has come to its end."""
        document = (
            "query ($job: String!) { jobRuns(job: $job, first: 1) { edges { node { slot status error lines } } } }"
        )
        edges = self.ask(document, job=job)["jobRuns"]["edges"]
        newest: dict[str, Any] | None = edges[0]["node"] if edges else None
        ended = newest is not None and newest["slot"] > after and newest["status"] not in {"WAITING", "RUNNING"}
        return newest if ended else None

    def now(self) -> datetime:
        """EventBridge's."""
        return datetime.fromtimestamp(time.time() + float(self._ahead.read_text()), UTC)

    def fires(self, job: Job) -> list[str]:
        """Set EventBridge's clock to the next firing of the job's schedule, and wait for the lines that its run leaves."""
        now = self.now()
        due = job.schedule.after(now)
        self._ahead.write_text(f"{due.timestamp() + 1 - time.time():.3f}")
        run = self.wait(lambda: self.run(job.name, after=f"{now:%Y-%m-%dT%H:%M:%S}"), f"the schedule of {job.name}")
        if run["status"] != "SUCCEEDED":
            raise RehearsalError(f"{job.name} ended as {run}")
        lines: list[str] = run["lines"]
        return lines

    def send(self, body: str) -> None:
        """A message past all rules, with the queue made impatient, so that it need not wait for half an hour."""
        sqs: Any = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName=f"crm-{self.name}-jobs")["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
        sqs.send_message(QueueUrl=url, MessageBody=body)

    def publish_bounce(self, address: str) -> None:
        """Publish what SES would, to the topic that it would publish it to."""
        report = {
            "bounceType": "Permanent",
            "bouncedRecipients": [{"emailAddress": address}],
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        event = {"eventType": "Bounce", "bounce": report, "mail": {"destination": [address]}}
        sns: Any = boto3.client("sns")
        topic = sns.create_topic(Name=f"crm-{self.name}-email-events")["TopicArn"]  # the one that is there
        sns.publish(TopicArn=topic, Message=json.dumps(event))

    @staticmethod
    def wait(look: Callable[[], Found | None], what: str, seconds: float = _SECONDS) -> Found:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.5)
        raise RehearsalError(f"{what} has not come within {seconds:.0f} s")


def quiet_moment() -> str:
    """An instant in whole seconds, with no write within a second before and after it."""
    time.sleep(2.5)
    moment = datetime.now(UTC) - timedelta(seconds=1)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


class Inbox:
    """What those who read the topic get."""

    def __init__(self, stage: str) -> None:
        self._sqs: Any = boto3.client("sqs")
        anyone = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
        self._url = self._sqs.create_queue(QueueName="inbox", Attributes={"Policy": policy})["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns: Any = boto3.client("sns")
        topic = sns.create_topic(Name=f"crm-{stage}-alerts")["TopicArn"]  # the one that is there
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self._got: list[str] = []

    def has(self, text: str) -> bool:
        for message in self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", ()):
            self._got.append(json.loads(message["Body"])["Message"])
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return any(text in message for message in self._got)
