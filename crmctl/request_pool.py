"""How are a few requests kept in flight at once, and how does that end early without losing an answer?"""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Generic, TypeVar

Batch = TypeVar("Batch")
Answer = TypeVar("Answer")

GRACE = 5.0
"""Seconds that answers under way are waited for after Ctrl-C."""


class _Ended:
    """A worker has nothing more to do"""


class _Interrupted:
    """Ctrl-C, in its turn among the answers"""


class InFlight(Generic[Batch, Answer]):
    """Sends from `workers` threads and collects in the caller's. The first failure ends the rest.

    Own threads instead of an executor: at exit Python waits for an executor's threads, and a server that hangs would
    hold up Ctrl-C for as long as the time-out of a request.
    """

    def __init__(
        self,
        send: Callable[[Batch], Answer],
        collect: Callable[[Answer], None],
        *,
        workers: int,
        stop: Callable[[], None],
    ) -> None:
        self._send, self._collect, self._workers, self._stop = send, collect, workers, stop
        self._taking = threading.Lock()
        self._stopping = threading.Event()
        self._answers: queue.SimpleQueue[Answer | Exception | _Ended | _Interrupted] = queue.SimpleQueue()
        self._running = 0
        self._failure: Exception | None = None

    def run(self, batches: Iterable[Batch]) -> None:
        """Raises the first failure, after all answers under way have been collected."""
        source = iter(batches)
        for _ in range(self._workers):
            threading.Thread(target=self._work, args=(source,), daemon=True).start()
            self._running += 1
        try:
            with self._ctrl_c_in_turn():
                self._drain()
        except KeyboardInterrupt:
            self._end()
            self._drain(deadline=time.monotonic() + GRACE)
            raise
        if self._failure:
            raise self._failure

    def _work(self, source: Iterable[Batch]) -> None:
        for batch in self._take(source):
            try:
                self._answers.put(self._send(batch))
            except Exception as problem:  # noqa: BLE001 - whatever it is, the collecting thread raises it
                self._answers.put(problem)
                self._end()
        self._answers.put(_Ended())

    def _take(self, source: Iterable[Batch]) -> Iterable[Batch]:
        batches = iter(source)
        while True:
            with self._taking:
                if self._stopping.is_set():
                    return
                try:
                    batch = next(batches)
                except StopIteration:
                    return
            yield batch

    @contextmanager
    def _ctrl_c_in_turn(self) -> Iterator[None]:
        """KeyboardInterrupt anywhere could lose the answer that is just being counted. A second Ctrl-C ends at once."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread ever gets signals
            return
        before = signal.getsignal(signal.SIGINT)

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            self._answers.put(_Interrupted())  # SimpleQueue may be used in signal handlers

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _end(self) -> None:
        self._stopping.set()
        self._stop()

    def _drain(self, deadline: float | None = None) -> None:
        while self._running:
            try:
                timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
                answer = self._answers.get(timeout=timeout)
            except queue.Empty:
                return
            if isinstance(answer, _Interrupted):
                raise KeyboardInterrupt
            if isinstance(answer, _Ended):
                self._running -= 1
            elif isinstance(answer, Exception):
                self._failure = self._failure or answer
            else:
                self._collect(answer)
