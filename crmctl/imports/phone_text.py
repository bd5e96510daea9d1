"""Turn what stands in a phone column into a number that the CRM takes, and a note of what is no number.

It never costs a customer, and nothing of it is lost.
"""

import re
import unicodedata
from dataclasses import dataclass

_VALID = re.compile(r"\+?[0-9 ().\-/]+")
_MAX_LENGTH = 40
_DIGITS = range(7, 16)
_EXTENSION = re.compile(r"(?P<number>.*\d\)?)[\s,;]*(?:extension|ext\.?|x|#|dw\.?)\s*\d{1,8}", re.IGNORECASE)
_SEVERAL = re.compile(r"\s*[;,|]\s*|\s+(?:or|oder|and|und)\s+", re.IGNORECASE)
_PREFIX = re.compile(r"(?:tel|phone|fon|mobile|mobil)\.?:?\s*", re.IGNORECASE)
MAX_NOTE_LENGTH = 100
_FILLERS = "\u115f\u1160"
"""Letters that are shown as blanks."""

_REFUSED = {"Cc", "Cs", "Zl", "Zp"}
_DIRECTION_MARKS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@dataclass(frozen=True, slots=True)
class Phone:
    number: str | None = None
    note: str | None = None
    """The whole text, if it is more than a number."""
    warning: str | None = None


def read_phone(text: str, note: str = "") -> Phone:
    """Return the phone number and the note. `note` is what the file has as a note beside the number."""
    plain = _plain(text)
    number, warning = _find_number(_PREFIX.sub("", plain, count=1) if plain[:1].isalpha() else plain, text)
    parts = [each for each in (_without_controls(note), plain if warning else "") if _has_content(each)]
    if not parts:
        return Phone(number)
    kept = "; ".join(dict.fromkeys(parts))
    if len(kept) > MAX_NOTE_LENGTH:
        kept = f"{kept[: MAX_NOTE_LENGTH - 1].rstrip()}\u2026"
        warning = f"{warning or 'the phone note is long'}; only the first {MAX_NOTE_LENGTH} characters are kept"
    return Phone(number, kept, warning)


def _find_number(plain: str, text: str) -> tuple[str | None, str | None]:
    """Return the number, and a warning if the text is not just this number."""
    if not _has_content(plain):
        return None, None
    if _is_valid(plain):
        return plain, None
    if (found := _EXTENSION.fullmatch(plain)) and _is_valid(found["number"]):
        return found["number"], f"phone {text!r} has an extension, which is kept as a note"
    first = _SEVERAL.split(plain)[0]
    if first != plain and _is_valid(first):
        return first, f"phone {text!r} has several numbers; the first, {first}, was taken, and all are kept as a note"
    return None, f"phone {text!r} is not a phone number and is kept as a note"


def _plain(text: str) -> str:
    """Return the text without what spreadsheets and copied web pages add: apostrophes, direction marks, special blanks."""
    kinds = ((each, unicodedata.category(each)) for each in unicodedata.normalize("NFKC", text))
    mapped = (
        " " if kind[0] == "Z" else "-" if kind == "Pd" else each
        for each, kind in kinds
        if kind not in {"Cf", "Cc", "Cs"}
    )
    return "".join(mapped).strip().strip("'`\u2019\"").strip()


def _without_controls(text: str) -> str:
    """Return the text without what the CRM refuses: a note that it wrote itself stays as it is."""
    kept = (each for each in text if unicodedata.category(each) not in _REFUSED and each not in _DIRECTION_MARKS)
    return "".join(kept).strip()


def _has_content(text: str) -> bool:
    """Return whether the text has a letter or a digit: a dash or a blank stands for no number at all."""
    return any(each.isalnum() and each not in _FILLERS for each in text)


def _is_valid(phone: str) -> bool:
    digits = sum(each.isdigit() for each in phone)
    return len(phone) <= _MAX_LENGTH and bool(_VALID.fullmatch(phone)) and digits in _DIGITS
