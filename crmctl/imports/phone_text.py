"""Turn what stands in a phone column into a number that the CRM takes. It never costs a customer."""

import re
import unicodedata

_VALID = re.compile(r"\+?[0-9 ().\-/]+")
_MAX_LENGTH = 40
_DIGITS = range(7, 16)
_EXTENSION = re.compile(r"(?P<number>.*\d\)?)[\s,;]*(?:extension|ext\.?|x|#|dw\.?)\s*\d{1,8}", re.IGNORECASE)
_SEVERAL = re.compile(r"\s*[;,|]\s*|\s+(?:or|oder|and|und)\s+", re.IGNORECASE)
_PREFIX = re.compile(r"(?:tel|phone|fon|mobile|mobil)\.?:?\s*", re.IGNORECASE)


def clean_phone(text: str) -> tuple[str | None, str | None]:
    """Return the phone number, or None, and a warning if something was left out."""
    plain = _PREFIX.sub("", _plain(text), count=1) if text[:1].isalpha() else _plain(text)
    if not plain:
        return None, None
    if _is_valid(plain):
        return plain, None
    if (found := _EXTENSION.fullmatch(plain)) and _is_valid(found["number"]):
        return found["number"], f"phone {text!r} was shortened to {found['number']}: the CRM keeps no extensions"
    first = _SEVERAL.split(plain)[0]
    if first != plain and _is_valid(first):
        return first, f"phone {text!r} has several numbers; the first, {first}, was taken"
    return None, f"phone {text!r} is not a phone number and was left out"


def _plain(text: str) -> str:
    """Return the text without what spreadsheets and copied web pages add: apostrophes, direction marks, special blanks."""
    shown = (each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) not in {"Cf", "Cc"})
    mapped = (
        " " if unicodedata.category(each) == "Zs" else "-" if unicodedata.category(each) == "Pd" else each
        for each in shown
    )
    return "".join(mapped).strip().strip("'`\u2019\"").strip()


def _is_valid(phone: str) -> bool:
    digits = sum(each.isdigit() for each in phone)
    return len(phone) <= _MAX_LENGTH and bool(_VALID.fullmatch(phone)) and digits in _DIGITS
