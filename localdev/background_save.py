"""Save the data of a process in a copy of it, so that the process goes on answering meanwhile.

The copy is a fork. It has the data as it was at that moment, and the system copies a page of memory only when it changes.

Standard library only: this module runs in MiniStack's own environment.
"""

import os
import threading
import warnings
from collections.abc import Callable


class BackgroundSave:
    """Calls `save` in forks of this process, one at a time."""

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._child: int | None = None
        self._waiting = threading.Lock()

    def start(self) -> None:
        """Fork this process, and save in the fork. Raises OSError if it cannot be forked."""
        with warnings.catch_warnings():
            # Python warns of locks that other threads hold. The fork takes none of those: it saves and ends.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            status = 1
            try:
                self._save()
                status = 0
            finally:
                os._exit(status)  # nothing else of this process may go on in the fork
        self._child = child

    def wait(self) -> bool:
        """Wait until the fork has ended. Return whether it has saved; False if there is none, or if another thread was told."""
        with self._waiting:
            child, self._child = self._child, None
            return child is not None and os.waitpid(child, 0)[1] == 0
