"""A person as the data names them: all names, e-mail addresses, phone numbers and notes that the customer has or had.

Texts of others, such as an error of SES or a reason that somebody typed, may quote them. They are found there whatever
their case, but only as whole words: the customer `Jo` is not in `job`.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

ERASED = "[erased]"
"""What takes the place of a name, an e-mail address or a phone number."""
_MIN_LETTERS, _MIN_LETTERS_OF_NOTE = 2, 5
"""A name such as `-`, or a note such as `n/a`, would be found everywhere, and names nobody."""
_BEFORE_ADDRESS = r"(?<![\w.%+\-])"
_AFTER_ADDRESS = r"(?![\w\-]|\.\w)"


@dataclass(frozen=True)
class Person:
    customer_id: str
    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    merged_ids: tuple[str, ...] = ()
    """Of customers who were merged into this one: they are the same person."""
    given_back_ids: tuple[str, ...] = ()
    """Of customers who were merged into this one until the merge was undone. What was written about their orders meanwhile
    names this one."""

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.customer_id, *self.merged_ids)

    @property
    def order_owners(self) -> tuple[str, ...]:
        """Return who has the orders about which something may be written that names the person."""
        return (self.customer_id, *self.given_back_ids)

    @property
    def is_nameless(self) -> bool:
        """Whether the data no longer says what the person was called."""
        return not (self.names or self.emails or self.phones or self.notes)

    def is_named_in(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.search(text) is not None

    def redact(self, text: str) -> str:
        """Return the text without the person."""
        return self._pattern.sub(ERASED, text) if self._pattern else text

    def redact_all(self, value: Any) -> Any:
        """Return a JSON value without the person in any of its texts."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, list):
            return [self.redact_all(each) for each in value]
        if isinstance(value, dict):
            return {name: self.redact_all(each) for name, each in value.items()}
        return value

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        addresses = [f"{_BEFORE_ADDRESS}{re.escape(each)}{_AFTER_ADDRESS}" for each in _spellings(self.emails, 1)]
        names = _spellings((*self.names, *self.phones), _MIN_LETTERS)
        notes = _spellings(self.notes, _MIN_LETTERS_OF_NOTE)
        others = [f"{_start(each)}{re.escape(each)}{_end(each)}" for each in (*names, *notes)]
        return re.compile("|".join((*addresses, *others)), re.IGNORECASE) if addresses or others else None


def _spellings(texts: Iterable[str], min_letters: int) -> list[str]:
    """Return the texts as they are and as JSON spells them, the longest first, so that no part of one stays."""
    long = [text for text in texts if sum(map(str.isalnum, text)) >= min_letters]
    found = {each for text in long for each in (text, *_json_spellings(text))}
    return sorted(found, key=lambda each: (-len(each), each))


def _json_spellings(text: str) -> Iterator[str]:
    for is_ascii in (True, False):
        yield json.dumps(text, ensure_ascii=is_ascii)[1:-1]


def _start(text: str) -> str:
    return r"(?<!\w)" if text[0].isalnum() else ""


def _end(text: str) -> str:
    return r"(?!\w)" if text[-1].isalnum() else ""
