"""Validate names, e-mail addresses and phone numbers, and normalize texts for comparison and search.

There are two forms. `normalize` and `normalize_email` say what is one SKU or one address, so they keep what makes two of
them differ. `search_key` says what people look for and where they expect it in a list, so it drops accents.
"""

import re
import unicodedata

from chalicelib.errors import InvalidEmail, InvalidInput, InvalidPhone

NAME_LIMIT = 200
EMAIL_LIMIT = 254
PHONE_LIMIT = 40
PHONE_NOTE_LIMIT = 100
_MAX_NORMALIZED = 1000
_KEY_BYTES = 900
"""A sort key has at most 1,024 bytes, including an id, and normalizing can turn one character into eighteen."""
_EMAIL = re.compile(r"[^\s@<>()\[\]\\,;:\"]+@[^\s@<>()\[\]\\,;:\"]+\.[^\s@<>()\[\]\\,;:\".]+")
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = {"Cf", "Mn", "Me", "Zs"}
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and a symbol that Unicode shows as blanks."""
_ACCENTS = range(0x300, 0x370)
"""Marks over Latin, Greek and Cyrillic letters. Those of other scripts change the letter itself, and are kept."""
_BASE_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
_PUNYCODE = "xn--"
_PHONE = re.compile(r"\+?[0-9 ().\-/]+")


def normalize(text: str) -> str:
    """Return the form in which SKUs are compared: NFKC, case-folded, trimmed, with single spaces.

    A text longer than any that is stored is returned as it is: it equals none. Normalizing combining marks takes time that
    grows with the square of their number.
    """
    if len(text) > _MAX_NORMALIZED:
        return text
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())  # case folding decomposes some characters again


def search_key(text: str) -> str:
    """Return the form in which names are searched and sorted: normalized, without accents and invisible characters."""
    if len(text) > _MAX_NORMALIZED:
        return text
    visible = "".join(each for each in text if unicodedata.category(each) != "Cf" and each not in _FILLERS)
    plain = (each for each in unicodedata.normalize("NFD", normalize(visible)) if ord(each) not in _ACCENTS)
    return normalize("".join(plain).translate(_BASE_LETTERS))


def normalize_email(text: str) -> str:
    """Return the form in which e-mail addresses are compared.

    An internationalized domain is the same address in Unicode and in punycode. `straße` and `strasse` are two domains, so ß
    is kept, which case folding would replace.
    """
    if len(text) > _MAX_NORMALIZED:
        return text
    local, at, domain = _simple_fold(text.strip()).rpartition("@")
    return local + at + ".".join(_decoded(label) for label in domain.split("."))


def _decoded(label: str) -> str:
    if not label.startswith(_PUNYCODE):
        return label
    try:
        return _simple_fold(label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode"))
    except UnicodeError:
        return label


def _simple_fold(text: str) -> str:
    """Fold case one character at a time, so that no character becomes several."""
    folded = unicodedata.normalize("NFKC", text)
    folded = "".join(each.casefold() if len(each.casefold()) == 1 else each.lower() for each in folded)
    return unicodedata.normalize("NFKC", folded)


def checked_name(text: str, field: str = "name") -> str:
    name = _printable(text.strip(), field)
    if _is_blank(name):
        raise InvalidInput(f"{field.capitalize()} cannot be blank", field=field)
    if len(name) > NAME_LIMIT or not all(map(fits_key, (normalize(name), search_key(name)))):
        raise InvalidInput(f"{field.capitalize()} cannot be longer than {NAME_LIMIT} characters", field=field)
    return name


def checked_line(text: str, field: str, max_length: int = NAME_LIMIT) -> str:
    """Return one line of free text, such as a reason, without the blanks around it. Raises InvalidInput."""
    line = _printable(text.strip(), field)
    if _is_blank(line) or len(line) > max_length:
        raise InvalidInput(f"{field.capitalize()} must have 1 to {max_length} characters", field=field)
    return line


def checked_email(text: str) -> str:
    email = text.strip()
    if len(email) > EMAIL_LIMIT:
        raise InvalidEmail(field="email")
    # `=?` begins an encoded word of RFC 2047: a mail server that decodes it could deliver to another address.
    forms = (email, normalize_email(email))
    shaped = all(_EMAIL.fullmatch(form) and ".." not in form and "=?" not in form for form in forms)
    if not shaped or not email.isprintable() or not fits_key(normalize_email(email)):
        raise InvalidEmail(field="email")
    return email


def checked_phone(text: str | None) -> str | None:
    """Return the phone number as typed, None if it is blank. Valid are an optional +, 7 to 15 digits and the usual separators."""
    phone = (text or "").strip()
    if not phone:
        return None
    digits = sum(character.isdigit() for character in phone)
    if len(phone) > PHONE_LIMIT or not _PHONE.fullmatch(phone) or not 7 <= digits <= 15:  # noqa: PLR2004 - E.164
        raise InvalidPhone(field="phone")
    return phone


def checked_phone_note(text: str | None) -> str | None:
    """Return the text on one line, None if it is blank. Raises InvalidInput."""
    note = (text or "").strip()
    return checked_line(note, "phone_note", PHONE_NOTE_LIMIT) if note else None


def fits_key(folded: str) -> bool:
    """Return whether a sort key can hold this text and an id."""
    try:
        return 0 < len(folded.encode()) <= _KEY_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can contain
        return False


def _is_blank(text: str) -> bool:
    """Return whether nobody can see the text."""
    return all(unicodedata.category(each) in _INVISIBLE or each in _FILLERS for each in text)


def _printable(text: str, field: str) -> str:
    # Control characters and separators would break log lines and sort keys; lone surrogates would break UTF-8. Bidirectional
    # overrides and isolates would make a terminal, a log or an e-mail show another text than the stored one.
    if any(unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} or each in _BIDI_CONTROLS for each in text):
        raise InvalidInput(f"{field.capitalize()} contains control characters", field=field)
    return text
