"""Deliver the queue's messages to its consumer under `chalice local`, as Lambda does.

A message is deleted when its consumer returns. When the consumer raises, the queue delivers the message again after its
visibility time-out, and moves it to the dead-letter queue after the fifth time.
"""

import threading
from contextlib import suppress
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import SQSEventConfig

from chalicelib import aws
from chalicelib.settings import settings
from localdev import lambda_events
from localdev.console import print_error
from localdev.lambda_events import ChaliceApp, QueueMessage

WORKERS = 2
"""Two, so that a good message is processed while a bad one fails."""
POLL_SECONDS = 0.5
"""Seconds between two polls of a worker. No long polls: the emulator continues the poll of a server that was just
reloaded, and gives that poll the next message, which then stays hidden for half an hour (measured)."""


class QueuePoller:
    def __init__(self, app: ChaliceApp) -> None:
        self._app = app
        self._sources = [source for source in app.event_sources if isinstance(source, SQSEventConfig)]
        # A client of its own without retries: a repeated receive would hide two messages and return one.
        config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
        self._sqs: Any = aws.new_session().create_client("sqs", region_name=settings.region, config=config)
        self._urls: dict[str, str] = {}
        self._stop = threading.Event()

    def start(self) -> list[threading.Thread]:
        """Start the workers, and return them. They run until `stop`."""
        workers = [
            threading.Thread(target=self._work, args=(source,), name=f"{source.queue} {number}", daemon=True)
            for source in self._sources
            for number in range(WORKERS)
        ]
        for worker in workers:
            worker.start()
        return workers

    def stop(self) -> None:
        """Stop the workers after the message that each is processing."""
        self._stop.set()

    def deliver_waiting(self) -> int:
        """Deliver all waiting messages, and return their number."""
        return sum(self._deliver_waiting(source) for source in self._sources)

    def _deliver_waiting(self, source: SQSEventConfig) -> int:
        count = 0
        while self._deliver_next(source):
            count += 1
        return count

    def _work(self, source: SQSEventConfig) -> None:
        while not self._stop.is_set():
            with suppress(BotoCoreError, ClientError):  # shared_emulator.watch reports and replaces a lost emulator
                self._deliver_waiting(source)
            self._stop.wait(POLL_SECONDS)

    def _deliver_next(self, source: SQSEventConfig) -> bool:
        """Deliver one message. Return False if there was none. Raises BotoCoreError, ClientError."""
        url = self._url(str(source.queue))
        response = self._sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
        )
        for message in response.get("Messages", ()):
            if self._call_consumer(source, message):
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return True
        return False

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]

    def _call_consumer(self, source: SQSEventConfig, message: QueueMessage) -> bool:
        try:
            lambda_events.call_function(
                self._app, source.name, lambda_events.queue_event(message, str(source.queue), settings.region)
            )
        except Exception as error:  # noqa: BLE001 - Lambda continues whatever a function raises
            attempt = message["Attributes"]["ApproximateReceiveCount"]
            print_error(f"Message {message['MessageId']} failed, attempt {attempt}: {type(error).__name__}: {error}")
            return False
        return True
