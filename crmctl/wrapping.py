"""Break text into lines of a width, at spaces only. A date, a duration and their units stay together."""

import re
from collections.abc import Iterator

from rich.cells import cell_len

_TOGETHER = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d(?: UTC)?"
    r"|(?:\bin )?\b\d[\d,.]* (?:ms|s|min|h|d|%)\b(?: \d\d (?:s|min)\b)?(?: ago)?"
)
_STANDS_FOR_SPACE = "\ue000"
"""A private character. `escape_unprintable` leaves none in a text."""


def wrap(text: str, width: int) -> list[str]:
    """Return the lines. A word that is longer than the width has a line of its own, and is not broken.

    Spaces at the beginning stay: a log may have a stack trace.
    """
    unindented = text.lstrip(" ")
    first, *words = split_words(unindented)
    lines = [text.removesuffix(unindented) + first]
    for word in words:
        longer = f"{lines[-1]} {word}"
        if not lines[-1]:
            lines[-1] = word
        elif cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def split_words(text: str) -> Iterator[str]:
    """Yield what must stay on one line."""
    joined = _TOGETHER.sub(lambda found: found[0].replace(" ", _STANDS_FOR_SPACE), text)
    for word in joined.split(" "):
        yield word.replace(_STANDS_FOR_SPACE, " ")


def longest_word(text: str) -> int:
    return max(map(cell_len, split_words(text)))
