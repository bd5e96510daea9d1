"""The MiniStack process, in an environment that uv creates, separate from the project's.

This wrapper refuses requests of web pages. It also saves the data: MiniStack itself saves only when it ends after SIGTERM,
the wrapper also saves periodically, and sends SIGTERM when standard input closes, that is when the supervisor has ended.

A save of many rows takes several seconds, longer than a request may take. So a copy of the process does it.
"""

import asyncio
import importlib
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent.parent))  # Python's option -I leaves the checkout out
sys.dont_write_bytecode = True  # every new file in the checkout restarts Chalice's worker
from localdev.background_save import BackgroundSave  # noqa: E402
from localdev.change_tracker import ChangeTracker  # noqa: E402
from localdev.request_filter import RequestFilter, is_for_local_server  # noqa: E402

sys.dont_write_bytecode = False

MIN_SAVE_INTERVAL = 20.0
SAVE_SECONDS = 60.0
MIN_PAUSE = 10
"""The pause between two saves, in times of the save before."""

ministack: Any = importlib.import_module("ministack.app")
persistence: Any = importlib.import_module("ministack.core.persistence")
dynamodb: Any = importlib.import_module("ministack.services.dynamodb")


def parse_expressions_once() -> None:
    """Keep what MiniStack parses: a query parses its key condition again for each item of its partition.

    That takes a quarter of its time during the first start (measured).
    """
    for name in ("_tokenize", "_condition_syntax_error"):
        setattr(dynamodb, name, lru_cache(maxsize=1_000)(getattr(dynamodb, name)))


def terminate_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def save_periodically(tracker: ChangeTracker, background: BackgroundSave) -> None:
    """Save in the background, the rarer the longer it takes. Where that fails, save on MiniStack's own event loop."""
    pause = MIN_SAVE_INTERVAL
    while True:
        time.sleep(pause)
        loop: asyncio.AbstractEventLoop | None = ministack._MAIN_LOOP
        if loop is None or not tracker.has_unsaved_changes:
            continue
        began = time.monotonic()
        try:
            asyncio.run_coroutine_threadsafe(start_save(tracker, background), loop).result()
            is_saved = background.wait()
            asyncio.run_coroutine_threadsafe(end_save(tracker, is_saved=is_saved), loop).result()
        except RuntimeError:  # the loop has just ended, with a save of its own
            return
        pause = max(MIN_SAVE_INTERVAL, MIN_PAUSE * (time.monotonic() - began))


async def start_save(tracker: ChangeTracker, background: BackgroundSave) -> None:
    """Start a save between two requests, so that it has no half of a transaction."""
    tracker.begin_save()
    with suppress(OSError):
        background.start()


async def end_save(tracker: ChangeTracker, *, is_saved: bool) -> None:
    if is_saved:
        tracker.end_save()
    else:
        ministack.save_all(ministack._build_persistence_save_dict())


def main() -> None:
    tracker = ChangeTracker(ministack.app, Path(os.environ.pop("LOCALDEV_UNSAVED_MARK")))

    background = BackgroundSave(lambda: persistence.save_all(ministack._build_persistence_save_dict()))

    def save_all(services: dict[str, Any]) -> None:
        background.wait()  # else it would replace this save by what it began with
        persistence.save_all(services)
        tracker.mark_saved()

    parse_expressions_once()
    ministack.save_all = save_all  # MiniStack calls it, too, when it ends
    ministack.app = RequestFilter(tracker, int(os.environ["GATEWAY_PORT"]), is_for_local_server)
    threading.Thread(target=terminate_with_input, daemon=True).start()
    threading.Thread(target=save_periodically, args=(tracker, background), daemon=True).start()
    sys.argv[1:] = []
    ministack.main()


if __name__ == "__main__":
    main()
