"""Search words: split texts into words, and decide whether a row matches what somebody has typed.

A word ends at a blank, a hyphen or an apostrophe; case, accents and the punctuation around it are ignored. A text matches a
row if each of its words is the beginning of one of the row's words. Digits that stand side by side are one number, which may
be the beginning of the row's phone number instead, with or without the country code.

Chinese, Japanese and Korean are written without blanks: there, each character begins a word, except kana within kana.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby, zip_longest
from typing import TypeAlias

from chalicelib.crm import phone_numbers, text
from chalicelib.crm.phone_numbers import PhoneNumber
from chalicelib.store.index_keys import SEPARATOR

MAX_KEY_LENGTH = 60
"""Index rows have at most so many characters of a word."""
MAX_KEYS = 40
"""Index rows of one row. Words beyond them only narrow a search that another word begins."""
_BREAKS = re.compile(r"[\s\-\u2010-\u2015\u2212\u058a\u05be\u30a0\u30fb'\u2018\u2019\u201b\u02b9\u02bb\u02bc\u2032`]+")
_NUMBER = re.compile(r"[+0-9()./]*[0-9][+0-9()./]*")
_ENDS = ',.;:!?)]}"\u00bb\u201d\u3002\u3001\uff0c'
_KANA = range(0x3040, 0x3100)
_BLANKLESS = (_KANA, range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xAC00, 0xD7A4), range(0x20000, 0x323B0))


@dataclass(frozen=True, slots=True)
class Word:
    text: str

    def matches(self, row: "RowWords") -> bool:
        return row.has(self.text)


@dataclass(frozen=True, slots=True)
class Number:
    """Neighbouring words of digits: one phone number, or each a word of its own. After a + they are a phone number only."""

    words: tuple[str, ...]
    phone: PhoneNumber

    def matches(self, row: "RowWords") -> bool:
        return (bool(self.words) and all(map(row.has, self.words))) or row.has_phone(self.phone)

    @property
    def phone_key(self) -> str:
        """What the index rows of all matching phone numbers begin with; empty if this can be no phone number."""
        return self.phone.digits or self.phone.country or ""


Part: TypeAlias = Word | Number


@dataclass(frozen=True)
class RowWords:
    """The words of a row, as its index rows have them: of its name, of its e-mail address or SKU, and its phone number."""

    name: tuple[str, ...]
    others: tuple[str, ...] = ()
    phone: PhoneNumber | None = None

    @classmethod
    def of(cls, name: str, other: str = "", phone: str | None = None) -> "RowWords":
        return cls(words(name), words(other), phone_numbers.parse(phone) if phone else None)

    def to_text(self) -> str:
        phone = f"{self.phone.country or ''} {self.phone.digits}" if self.phone else ""
        return SEPARATOR.join((" ".join(self.name), " ".join(self.others), phone))

    @classmethod
    def from_text(cls, stored: str) -> "RowWords":
        name, others, phone = stored.split(SEPARATOR)
        country, _, digits = phone.partition(" ")
        return cls(
            tuple(name.split(" ")) if name else (),
            tuple(others.split(" ")) if others else (),
            PhoneNumber(country or None, digits) if phone else None,
        )

    @property
    def title(self) -> str:
        """What rows are ordered by."""
        return " ".join(self.name)

    def has(self, beginning: str) -> bool:
        return any(start.startswith(beginning) for start in self._starts)

    def has_phone(self, beginning: PhoneNumber) -> bool:
        if self.phone is None or not (beginning.digits or beginning.country):
            return False
        if self.phone.matches(beginning):
            return True
        # The country code may be typed without a + or 00 before it.
        return beginning.country is None and f"{self.phone.country or ''}{self.phone.digits}".startswith(
            beginning.digits
        )

    @cached_property
    def _starts(self) -> tuple[str, ...]:
        every = (*self.others, *self.name)
        return (*every, *(start for word in every for start in _inner_starts(word)))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What this row is found by in the index: a key that begins another key is left out."""
        phone = self.phone or PhoneNumber(None, "")
        found = (phone.digits, phone.country + phone.digits if phone.country else "", *self._starts)
        distinct = sorted(list(dict.fromkeys(key[:MAX_KEY_LENGTH] for key in found if key))[:MAX_KEYS])
        pairs = zip_longest(distinct, distinct[1:], fillvalue="")
        return tuple(key for key, following in pairs if not following.startswith(key))


def words(given: str) -> tuple[str, ...]:
    """Return the words of a text, in their order."""
    return tuple(filter(None, map(_bare, _BREAKS.split(text.search_key(given)))))


def parse(typed: str) -> tuple[Part, ...]:
    """Return what a matching row must have. Empty if there is nothing to look for."""
    raw = list(filter(None, _BREAKS.split(text.search_key(typed))))
    # A + begins a number, also after other digits: `studio 54 +49 30 123456`.
    numbers = accumulate(word.startswith("+") for word in raw)
    grouped = groupby(zip(raw, numbers, strict=True), lambda each: (_NUMBER.fullmatch(each[0]) is not None, each[1]))
    return tuple(part for (is_number, _), group in grouped for part in _parts([word for word, _ in group], is_number))


def _parts(raw: list[str], is_number: bool) -> Iterator[Part]:  # noqa: FBT001 - the key of a group
    bare = tuple(dict.fromkeys(filter(None, map(_bare, raw))))
    if is_number:
        phone = phone_numbers.parse("".join(raw))
        yield Number(() if raw[0].startswith("+") and phone.digits else bare, phone)
    else:
        yield from map(Word, bare)


def _bare(word: str) -> str:
    """Return the word without the punctuation around it."""
    start = 0
    while start < len(word) and (word[start] == "+" or unicodedata.category(word[start])[0] == "P"):
        start += 1
    return word[start:].rstrip(_ENDS)


def _inner_starts(word: str) -> Iterator[str]:
    """Yield what follows each beginning of a word within a word, in scripts without blanks."""
    if word.isascii():
        return
    for at in range(1, len(word)):
        here, before = ord(word[at]), ord(word[at - 1])
        if any(here in script for script in _BLANKLESS) and not (here in _KANA and before in _KANA):
            yield word[at:]
