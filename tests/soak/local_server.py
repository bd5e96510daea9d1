"""`chalice local`, as `make local` starts it, with its emulator, its ticker and its queue poller, on a wound clock."""

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chalicelib.settings import settings
from tests.localdev.crm_server import Served
from tests.localdev.servers import CHECKOUT, Place, wait_for
from tests.soak.wound_clock import WoundClock

END_SECONDS = 30
EMULATOR = "emulator"


@dataclass(frozen=True)
class Target:
    """What the traffic goes to: its address, that of its emulator, its processes, and what it has logged."""

    url: str
    endpoint: str
    processes: Mapping[str, int]
    logs: Mapping[str, Path]
    has_worked: Callable[[str], bool] = lambda _name: True
    """Tells whether a process has done its first work."""


@contextmanager
def chalice_local(directory: Path, clock: WoundClock, more: Mapping[str, str]) -> Iterator[Target]:
    place = Place(
        directory,
        {
            "CRM_STAGE": settings.stage,  # so that this process can read the tables
            "CRM_JOBS": "on",
            "PYTHONPATH": os.pathsep.join((str(clock.packages), str(CHECKOUT))),
            **more,
        },
    )
    server: Served | None = None
    try:
        server = Served(place)
        endpoint = json.loads((place.state / "emulator.json").read_text())["endpoint"]
        processes = {"server": server.process.pid, EMULATOR: place.emulator()}
        yield Target(server.url, endpoint, processes, {"server": directory / "served.log"})
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(END_SECONDS)
        wait_for(lambda: not place.processes() or None, "the end of supervisor and emulator")
    finally:
        if server and server.process.poll() is None:
            server.end()
        place.clear()
