"""Output whose reader may leave: `crmctl run JOB | head` keeps its exit status."""

import io
import os
import sys
from typing import Any, TextIO

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
    """Make stdout and stderr outlive their reader. Does nothing where they are no files, as in a test."""
    sys.stdout = _outliving(sys.stdout)
    sys.stderr = _outliving(sys.stderr)


def _outliving(output: TextIO) -> TextIO:
    if not isinstance(output, io.TextIOWrapper):
        return output
    raw = getattr(output.buffer, "raw", output.buffer)  # there is no buffer with PYTHONUNBUFFERED
    if not isinstance(raw, io.FileIO):
        output.reconfigure(errors=ERRORS)
        return output
    output.flush()
    buffer = io.BufferedWriter(_Pipe(output.fileno()))
    return io.TextIOWrapper(buffer, output.encoding, ERRORS, line_buffering=output.line_buffering)


def is_read() -> bool:
    """Return False when the reader is known to have left."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.is_read if isinstance(raw, _Pipe) else True
