"""JSON of rows and answers, read and written by orjson where it is.

A list of 100 orders spends a quarter of its time on JSON; orjson reads it in half the time, and writes it in a tenth
(measured). It is compiled for one processor architecture, so a package that runs elsewhere, as in the rehearsal, goes on with
Python's own module. Both give the same: what orjson refuses, or would write in another way, goes to Python's module.
"""

import json
from typing import Any

try:
    import orjson as fast
except ImportError:
    fast = None  # type: ignore[assignment]

_COMPACT = json.JSONEncoder(separators=(",", ":"))


def read(text: bytes | str) -> Any:
    """Parse JSON whose numbers are not beyond 64 bits: orjson makes floats of those that are. Raises ValueError."""
    if fast is not None:
        try:
            return fast.loads(text)
        except ValueError:
            pass  # lone surrogates, for example
    return json.loads(text)


def write(value: object) -> str:
    """Return JSON in ASCII, as short as it can be. Not for floats: orjson writes null for those that JSON does not have."""
    if fast is not None:
        try:
            written = fast.dumps(value, option=fast.OPT_PASSTHROUGH_DATETIME | fast.OPT_PASSTHROUGH_DATACLASS)
        except TypeError:
            return _COMPACT.encode(value)  # lone surrogates, or numbers beyond 64 bits
        if written.isascii():
            return written.decode("ascii")
    return _COMPACT.encode(value)
