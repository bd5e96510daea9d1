"""What runs as MiniStack? This file, in the environment that uv makes for it, apart from the project's.

MiniStack itself saves only when it is ended politely. Here it also saves now and then, and it is ended politely when
standard input ends, that is when its keeper is gone in whatever way.
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

SAVE_EVERY = 20.0
SAVE_SECONDS = 60.0

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ministack: Any = importlib.import_module("ministack.app")
persistence: Any = importlib.import_module("ministack.core.persistence")


LOOK = (b"x-amz-target", b"AmazonSQS.ReceiveMessage")
"""What the servers send all the time. One that finds a message is followed by its deletion."""


class Counted:
    """MiniStack's ASGI application, counting requests, so that an idle one need not save."""

    def __init__(self, application: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self._application = application
        self.requests = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_ministack/") and LOOK not in scope["headers"]:
            self.requests += 1
        await self._application(scope, receive, send)


def end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def save_now_and_then(counted: Counted) -> None:
    """On MiniStack's own loop, between two requests. The more there is to save, the more seldom."""
    pause, saved = SAVE_EVERY, 0
    while True:
        time.sleep(pause)
        loop: asyncio.AbstractEventLoop | None = ministack._MAIN_LOOP
        if loop is None or counted.requests == saved:
            continue
        saved, began = counted.requests, time.monotonic()
        try:
            asyncio.run_coroutine_threadsafe(save(), loop).result()
        except RuntimeError:  # the loop has just ended, with a save of its own
            return
        pause = max(SAVE_EVERY, 100 * (time.monotonic() - began))


async def save() -> None:
    persistence.save_all(ministack._build_persistence_save_dict())


def main() -> None:
    ministack.app = counted = Counted(ministack.app)
    threading.Thread(target=end_with_input, daemon=True).start()
    threading.Thread(target=save_now_and_then, args=(counted,), daemon=True).start()
    sys.argv[1:] = []
    ministack.main()


if __name__ == "__main__":
    main()
