"""What delivers the queue's messages to its consumer under `chalice local`?

As Lambda does it: a message whose consumer returns is deleted; of one whose consumer raises nothing is said to the queue,
which delivers it again when its visibility is over, and buries it after the fifth time.
"""

import threading
from contextlib import suppress
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import SQSEventConfig

from chalicelib.settings import settings
from localdev import lambda_events
from localdev.console import complain

WORKERS = 2
"""So that a good message is done while a bad one is tried."""
PAUSE = 0.5
"""Seconds between two looks of a worker. No long polls: the emulator goes on with the poll of a server that has just been
reloaded, and hands that one the next message, which then is hidden for half an hour (measured)."""


class Pump:
    def __init__(self, app: Any) -> None:
        self._app = app
        self._sources = [source for source in app.event_sources if isinstance(source, SQSEventConfig)]
        # Of its own, since a receive that is sent twice by the client hides two messages and gives one.
        config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
        self._sqs: Any = botocore.session.get_session().create_client("sqs", region_name=settings.region, config=config)
        self._urls: dict[str, str] = {}
        self._stop = threading.Event()

    def start(self) -> list[threading.Thread]:
        """The workers, which go on until `stop`."""
        workers = [
            threading.Thread(target=self._work, args=(source,), name=f"{source.queue} {number}", daemon=True)
            for source in self._sources
            for number in range(WORKERS)
        ]
        for worker in workers:
            worker.start()
        return workers

    def stop(self) -> None:
        """Have the workers end after the message that each is at."""
        self._stop.set()

    def drain(self) -> int:
        """Deliver what there is to deliver now; how many messages."""
        return sum(self._drain(source) for source in self._sources)

    def _drain(self, source: SQSEventConfig) -> int:
        count = 0
        while self._deliver_next(source):
            count += 1
        return count

    def _work(self, source: SQSEventConfig) -> None:
        while not self._stop.is_set():
            with suppress(BotoCoreError, ClientError):  # backend.watch tells of a lost emulator, and replaces it
                self._drain(source)
            self._stop.wait(PAUSE)

    def _deliver_next(self, source: SQSEventConfig) -> bool:
        """Whether there was one. Raises BotoCoreError, ClientError."""
        url = self._url(str(source.queue))
        answer = self._sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["All"],
        )
        for message in answer.get("Messages", ()):
            if self._consume(source, message):
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return True
        return False

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]

    def _consume(self, source: SQSEventConfig, message: dict[str, Any]) -> bool:
        try:
            lambda_events.call(
                self._app, source.name, lambda_events.queued(message, str(source.queue), settings.region)
            )
        except Exception as error:  # noqa: BLE001 - whatever a function raises, Lambda goes on
            times = message["Attributes"]["ApproximateReceiveCount"]
            complain(f"Message {message['MessageId']} failed, time {times}: {type(error).__name__}: {error}")
            return False
        return True
