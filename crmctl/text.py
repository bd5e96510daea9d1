"""How does text that others wrote reach the terminal as nothing but text?"""

import unicodedata

JOINERS = "\u200c\u200d"
"""Invisible, but part of Persian names and of emoji; they move nothing."""


def plain(text: str) -> str:
    """On one line: control characters, escape sequences and marks of direction are spelled out, as Python would."""
    return "".join(char if _shows(char) else repr(char)[1:-1] for char in text)


def _shows(char: str) -> bool:
    # To Python no space but the plain one is printable; Japanese names have another.
    return char.isprintable() or char in JOINERS or unicodedata.category(char) == "Zs"
