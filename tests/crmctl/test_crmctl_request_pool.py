"""Does a program that ends early still count the answers that were under way?"""

import signal
import threading
import time

import pytest

from crmctl import request_pool
from crmctl.client import Client, Stopped
from crmctl.request_pool import InFlight


def test_the_first_failure_ends_the_rest_and_is_the_one_that_is_raised() -> None:
    collected: list[int] = []

    def send(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    flight = InFlight(send, collected.append, workers=1, stop=lambda: None)
    with pytest.raises(ValueError, match="three"):
        flight.run(range(100))
    assert collected == [0, 1, 2]


def test_answers_under_way_are_collected_after_ctrl_c_but_a_server_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request_pool, "GRACE", 0.2)
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

    flight = InFlight(send, collect, workers=3, stop=lambda: None)
    with pytest.raises(KeyboardInterrupt):
        flight.run(["hangs", "slow", "first"])
    hanging.set()
    assert collected == ["slow"]


def test_a_wait_between_attempts_ends_when_the_client_is_stopped() -> None:
    client = Client("http://localhost:1/graphql")
    client.stop()
    with pytest.raises(Stopped):
        client.pause(1, reason="Busy.", at_least=60)


def test_ctrl_c_in_the_middle_of_counting_loses_no_answer() -> None:
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
        InFlight(send, collect, workers=2, stop=lambda: None).run(range(100_000))
    assert sorted(collected) == sorted(sent)
    assert signal.getsignal(signal.SIGINT) is before


def test_requests_may_be_sent_from_another_thread_than_the_main_one() -> None:
    collected: list[int] = []
    flight = InFlight(int, collected.append, workers=1, stop=lambda: None)
    thread = threading.Thread(target=flight.run, args=(["1", "2"],))
    thread.start()
    thread.join()
    assert collected == [1, 2]
