"""The MiniStack process, in an environment that uv creates, separate from the project's.

This wrapper refuses requests of web pages. It also saves the data: MiniStack itself saves only when it ends after SIGTERM,
the wrapper also saves periodically, and sends SIGTERM when standard input closes, that is when the supervisor has ended.
"""

import asyncio
import importlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))  # Python's option -I leaves the checkout out
sys.dont_write_bytecode = True  # every new file in the checkout restarts Chalice's worker
from localdev.change_tracker import ChangeTracker  # noqa: E402
from localdev.request_filter import RequestFilter, is_for_local_server  # noqa: E402

sys.dont_write_bytecode = False

MIN_SAVE_INTERVAL = 20.0
SAVE_SECONDS = 60.0

ministack: Any = importlib.import_module("ministack.app")
persistence: Any = importlib.import_module("ministack.core.persistence")


def terminate_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def save_periodically(tracker: ChangeTracker) -> None:
    """Save on MiniStack's own event loop, between two requests. The longer a save takes, the rarer it is."""
    pause = MIN_SAVE_INTERVAL
    while True:
        time.sleep(pause)
        loop: asyncio.AbstractEventLoop | None = ministack._MAIN_LOOP
        if loop is None or not tracker.has_unsaved_changes:
            continue
        began = time.monotonic()
        try:
            asyncio.run_coroutine_threadsafe(save(), loop).result()
        except RuntimeError:  # the loop has just ended, with a save of its own
            return
        pause = max(MIN_SAVE_INTERVAL, 100 * (time.monotonic() - began))


async def save() -> None:
    ministack.save_all(ministack._build_persistence_save_dict())


def main() -> None:
    tracker = ChangeTracker(ministack.app, Path(os.environ.pop("LOCALDEV_UNSAVED_MARK")))

    def save_all(services: dict[str, Any]) -> None:
        persistence.save_all(services)
        tracker.mark_saved()

    ministack.save_all = save_all  # MiniStack calls it, too, when it ends
    ministack.app = RequestFilter(tracker, int(os.environ["GATEWAY_PORT"]), is_for_local_server)
    threading.Thread(target=terminate_with_input, daemon=True).start()
    threading.Thread(target=save_periodically, args=(tracker,), daemon=True).start()
    sys.argv[1:] = []
    ministack.main()


if __name__ == "__main__":
    main()
