"""Make text from other people safe to print on a terminal, and count things in words."""

import unicodedata

_JOINERS = "\u200c\u200d"
"""Invisible, but part of Persian names and of emoji. They are harmless on a terminal."""


def escape_unprintable(text: str) -> str:
    """Return the text on one line, with control characters and direction marks escaped as in a Python string."""
    return "".join(char if _is_printable(char) else repr(char)[1:-1] for char in text)


def counted(count: int, noun: str) -> str:
    """Return the number with its noun: `1 order`, `1,200 orders`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _is_printable(char: str) -> bool:
    # str.isprintable accepts only the ASCII space, but Japanese names contain U+3000.
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs"
