"""Send a few requests concurrently, and stop early without losing a response."""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Generic, TypeVar

Batch = TypeVar("Batch")
Result = TypeVar("Result")

DRAIN_SECONDS = 5.0
"""How long to wait after Ctrl-C for responses to requests already sent."""


class _WorkerDone:
    """A worker has finished."""


class _Interrupted:
    """Ctrl-C, queued among the results."""


class RequestPool(Generic[Batch, Result]):
    """Send batches from `workers` threads, and collect results in the calling thread. The first failure stops all.

    Not an executor: at exit Python waits for an executor's threads, so a server that hangs would delay Ctrl-C until
    the request times out.
    """

    def __init__(
        self,
        send: Callable[[Batch], Result],
        collect: Callable[[Result], None],
        *,
        workers: int,
        stop: Callable[[], None],
    ) -> None:
        self._send, self._handle_result, self._workers, self._stop = send, collect, workers, stop
        self._source_lock = threading.Lock()
        self._stopping = threading.Event()
        self._results: queue.SimpleQueue[Result | Exception | _WorkerDone | _Interrupted] = queue.SimpleQueue()
        self._running = 0
        self._failure: Exception | None = None

    def run(self, batches: Iterable[Batch]) -> None:
        """Send all batches. Raises the first failure, after the results of all requests in flight were collected."""
        source = iter(batches)
        for _ in range(self._workers):
            threading.Thread(target=self._work, args=(source,), daemon=True).start()
            self._running += 1
        try:
            with self._queue_ctrl_c():
                self._drain()
        except KeyboardInterrupt:
            self._stop_all()
            self._drain(deadline=time.monotonic() + DRAIN_SECONDS)
            raise
        if self._failure:
            raise self._failure

    def _work(self, source: Iterable[Batch]) -> None:
        for batch in self._next_batches(source):
            try:
                self._results.put(self._send(batch))
            except Exception as error:  # noqa: BLE001 - whatever it is, the collecting thread raises it
                self._results.put(error)
                self._stop_all()
        self._results.put(_WorkerDone())

    def _next_batches(self, source: Iterable[Batch]) -> Iterable[Batch]:
        batches = iter(source)
        while True:
            with self._source_lock:
                if self._stopping.is_set():
                    return
                try:
                    batch = next(batches)
                except StopIteration:
                    return
            yield batch

    @contextmanager
    def _queue_ctrl_c(self) -> Iterator[None]:
        """Queue Ctrl-C behind the results, so that none is lost while it is counted. A second Ctrl-C ends at once."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread ever gets signals
            return
        before = signal.getsignal(signal.SIGINT)

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            self._results.put(_Interrupted())  # SimpleQueue may be used in signal handlers

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _stop_all(self) -> None:
        self._stopping.set()
        self._stop()

    def _drain(self, deadline: float | None = None) -> None:
        while self._running:
            try:
                timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
                result = self._results.get(timeout=timeout)
            except queue.Empty:
                return
            if isinstance(result, _Interrupted):
                raise KeyboardInterrupt
            if isinstance(result, _WorkerDone):
                self._running -= 1
            elif isinstance(result, Exception):
                self._failure = self._failure or result
            else:
                self._handle_result(result)
