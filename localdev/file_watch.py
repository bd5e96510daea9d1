"""Make Chalice's reloader restart the worker only for files that the server loads.

By itself it watches the whole project, so `git fetch` or a saved document restarts the server and cuts off its requests.
Chalice has no setting for it, and starts its watcher before it imports app.py. So the methods that look for changes are
replaced: that of the poller, and that of the handler that is used instead where the package `watchdog` is installed.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chalice.cli.filewatch.stat import StatFileWatcher

_LOADED = ("app.py", "chalicelib", "localdev", ".chalice")
_NOT_LOADED = {".md", ".pyc", ".swp", ".tmp"}


def watch_loaded_files_only() -> None:
    setattr(StatFileWatcher, "_single_pass_poll", _restart_if_changed)  # noqa: B010 - a type checker refuses the assignment
    events: Any = sys.modules.get("chalice.cli.filewatch.eventbased")
    if events is not None:
        root, handle = str(Path.cwd()), events.WatchdogRestarter.on_any_event

        def handle_loaded(handler: Any, event: Any) -> None:
            if any(path and is_loaded(root, path) for path in (event.src_path, getattr(event, "dest_path", None))):
                handle(handler, event)

        events.WatchdogRestarter.on_any_event = handle_loaded


def is_loaded(root: str, path: str) -> bool:
    """Return whether a running server has loaded the file, so that a change of it needs a restart."""
    first, *rest = Path(os.path.relpath(path, root)).parts
    name = rest[-1] if rest else first
    is_temporary = name.endswith("~") or name.startswith((".", "#")) or Path(name).suffix in _NOT_LOADED
    return first in _LOADED and not is_temporary and "__pycache__" not in rest


def _restart_if_changed(watcher: Any, root: str, restart: Callable[[], None]) -> None:
    """Compare the loaded files with those of the last look. Chalice's own first look was at the whole project."""
    before = {str(Path(path)): changed for path, changed in watcher._mtime_cache.items() if is_loaded(root, path)}
    watcher._mtime_cache = _times_of_change(root)
    if watcher._mtime_cache != before:
        restart()


def _times_of_change(root: str) -> dict[str, float]:
    """Return {path: time} of the loaded files."""
    found: dict[str, float] = {}
    for directory, subdirectories, names in os.walk(root):
        if directory == root:
            subdirectories[:] = [name for name in subdirectories if name in _LOADED]
        for path in (Path(directory, name) for name in names):
            if is_loaded(root, str(path)):
                try:
                    found[str(path)] = path.stat().st_mtime
                except FileNotFoundError:  # an editor has just replaced it: the next look sees the new one
                    continue
    return found
