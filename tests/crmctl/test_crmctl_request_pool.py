"""The request pool counts every response, also when it stops early."""

import signal
import threading
import time

import pytest

from crmctl import request_pool
from crmctl.client import Client, Stopped
from crmctl.request_pool import RequestPool


def test_first_failure_stops_the_pool_and_is_raised() -> None:
    collected: list[int] = []

    def send(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    pool = RequestPool(send, collected.append, workers=1, stop=lambda: None)
    with pytest.raises(ValueError, match="three"):
        pool.run(range(100))
    assert collected == [0, 1, 2]


def test_ctrl_c_collects_responses_in_flight_but_does_not_wait_for_a_hanging_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_pool, "DRAIN_SECONDS", 0.2)
    hanging = threading.Event()
    collected: list[str] = []

    def send(name: str) -> str:
        if name == "slow":
            time.sleep(0.05)
        if name == "hangs":
            hanging.wait(5)
        return name

    def collect(name: str) -> None:
        if name == "first":
            raise KeyboardInterrupt
        collected.append(name)

    pool = RequestPool(send, collect, workers=3, stop=lambda: None)
    with pytest.raises(KeyboardInterrupt):
        pool.run(["hangs", "slow", "first"])
    hanging.set()
    assert collected == ["slow"]


def test_stop_ends_a_wait_between_attempts() -> None:
    client = Client("http://localhost:1/graphql")
    client.stop()
    with pytest.raises(Stopped):
        client.wait_before_retry(1, reason="Busy.", at_least=60)


def test_ctrl_c_while_counting_loses_no_result() -> None:
    collected: list[int] = []

    def collect(number: int) -> None:
        if not collected:
            signal.raise_signal(signal.SIGINT)
        collected.append(number)

    before = signal.getsignal(signal.SIGINT)
    sent: list[int] = []

    def send(number: int) -> int:
        time.sleep(0.001)
        sent.append(number)
        return number

    with pytest.raises(KeyboardInterrupt):
        RequestPool(send, collect, workers=2, stop=lambda: None).run(range(100_000))
    assert sorted(collected) == sorted(sent)
    assert signal.getsignal(signal.SIGINT) is before


def test_pool_works_outside_the_main_thread() -> None:
    collected: list[int] = []
    pool = RequestPool(int, collected.append, workers=1, stop=lambda: None)
    thread = threading.Thread(target=pool.run, args=(["1", "2"],))
    thread.start()
    thread.join()
    assert collected == [1, 2]
