"""Standard output whose reader may leave: `crmctl run JOB | head` keeps its exit status."""

import io
import os
import sys
from typing import Any

ERRORS = "backslashreplace"
"""A character that is missing in the terminal's encoding must not end a list."""


class _Pipe(io.RawIOBase):
    """Writes to a file descriptor, until its reader has left; from then on to nowhere."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.is_read = True

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any, /) -> int:
        if not self.is_read:
            return len(data)
        try:
            return os.write(self._descriptor, data)
        except BrokenPipeError:
            self.is_read = False
            return len(data)


def prepare() -> None:
    """Make standard output outlive its reader. Does nothing where it is no file, as in a test."""
    output = sys.stdout
    if not isinstance(output, io.TextIOWrapper):
        return
    if isinstance(getattr(output.buffer, "raw", None), io.FileIO):
        output.flush()
        buffer = io.BufferedWriter(_Pipe(output.fileno()))
        sys.stdout = io.TextIOWrapper(buffer, output.encoding, ERRORS, line_buffering=output.line_buffering)
    else:
        output.reconfigure(errors=ERRORS)


def is_read() -> bool:
    """Return False when the reader is known to have left."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.is_read if isinstance(raw, _Pipe) else True
