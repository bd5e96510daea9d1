"""The MiniStack process, in an environment that uv creates, separate from the project's.

MiniStack itself saves its data only when it is terminated with SIGTERM. This wrapper also saves periodically, and sends
SIGTERM when standard input closes, that is when the supervisor has ended in any way.
"""

import asyncio
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

MIN_SAVE_INTERVAL = 20.0
SAVE_SECONDS = 60.0

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ministack: Any = importlib.import_module("ministack.app")
persistence: Any = importlib.import_module("ministack.core.persistence")


POLL = (b"x-amz-target", b"AmazonSQS.ReceiveMessage")
"""The servers poll all the time. A poll that finds a message is followed by its deletion, which counts."""


class RequestCounter:
    """Counts the requests to MiniStack's ASGI application, so that an idle one need not save."""

    def __init__(self, application: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._application = application
        self.requests = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_ministack/") and POLL not in scope["headers"]:
            self.requests += 1
        await self._application(scope, receive, send)


def terminate_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def save_periodically(counter: RequestCounter) -> None:
    """Save on MiniStack's own event loop, between two requests. The longer a save takes, the rarer it is."""
    pause, saved = MIN_SAVE_INTERVAL, 0
    while True:
        time.sleep(pause)
        loop: asyncio.AbstractEventLoop | None = ministack._MAIN_LOOP
        if loop is None or counter.requests == saved:
            continue
        saved, began = counter.requests, time.monotonic()
        try:
            asyncio.run_coroutine_threadsafe(save(), loop).result()
        except RuntimeError:  # the loop has just ended, with a save of its own
            return
        pause = max(MIN_SAVE_INTERVAL, 100 * (time.monotonic() - began))


async def save() -> None:
    persistence.save_all(ministack._build_persistence_save_dict())


def main() -> None:
    ministack.app = counter = RequestCounter(ministack.app)
    threading.Thread(target=terminate_with_input, daemon=True).start()
    threading.Thread(target=save_periodically, args=(counter,), daemon=True).start()
    sys.argv[1:] = []
    ministack.main()


if __name__ == "__main__":
    main()
