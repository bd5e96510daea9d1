"""Track whether the emulator has changes that are not saved yet.

A mark file exists while there are unsaved changes; its time is that of the first of them. The file survives a killed
emulator, so the next start knows from when on changes are lost.

Standard library only: this module runs in MiniStack's own environment.
"""

from pathlib import Path

from localdev.request_filter import Application, Message, Receive, Send

_READS = ("BatchGet", "Describe", "Get", "List", "Query", "Receive", "Scan", "TransactGet")
"""Receive counts as a read: the servers poll all the time, and a poll that finds a message is followed by a deletion."""


class ChangeTracker:
    """An ASGI application that notes requests which change data."""

    def __init__(self, application: Application, mark: Path) -> None:
        self._application = application
        self._mark = mark
        self.has_unsaved_changes = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        is_change = scope["type"] == "http" and _is_change(scope)
        if is_change:
            self._note_change()
        await self._application(scope, receive, send)
        if is_change:  # once more, in case a save came between
            self._note_change()

    def begin_save(self) -> None:
        """Note that everything so far is about to be saved. The mark stays until that is done."""
        self.has_unsaved_changes = False

    def end_save(self) -> None:
        """Remove the mark if nothing has changed since `begin_save`."""
        if not self.has_unsaved_changes:
            self.mark_saved()

    def mark_saved(self) -> None:
        self.has_unsaved_changes = False
        self._mark.unlink(missing_ok=True)

    def _note_change(self) -> None:
        if not self.has_unsaved_changes:
            self.has_unsaved_changes = True
            self._mark.touch()


def _is_change(scope: Message) -> bool:
    target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), b"")
    operation = target.decode("latin-1").rpartition(".")[2]
    return scope["method"] == "POST" and not operation.startswith(_READS)
