"""The texts of errors as runs and alerts keep them: short enough for a row and for SNS, and valid UTF-8.

An error may quote a whole document. A row that DynamoDB refuses would leave its run RUNNING until the lease expires, and
the cause would be lost.
"""

from traceback import format_exception

MAX_LENGTH = 2000
MAX_TRACE = 8000
_CUT = " …"


def describe(error: BaseException) -> str:
    """Return the type and the message of an error."""
    return shorten(f"{type(error).__name__}: {error}")


def trace_of(error: BaseException) -> str:
    """Return the end of an error's stack trace, which names the cause."""
    return _valid("".join(format_exception(error))[-MAX_TRACE:])


def shorten(text: str) -> str:
    """Return the text with at most MAX_LENGTH characters, and with every character that UTF-8 can encode."""
    return _valid(text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - len(_CUT)] + _CUT)


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
