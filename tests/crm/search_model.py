"""A plain model of the search: it looks at every row, knows no index, and splits and folds texts in its own way."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

COUNTRIES = {"+49": "49", "+1": "1", "+420": "420"}
"""The country codes of the numbers that tests use."""


@dataclass(frozen=True)
class ModelRow:
    row_id: str
    name: str
    code: str = ""
    """The e-mail address, SKU or reference."""
    phone: str = ""

    @property
    def title(self) -> str:
        return " ".join(split(self.name))


def normalize(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(each for each in decomposed if not "\u0300" <= each <= "\u036f")
    return unicodedata.normalize("NFC", plain.replace("ø", "o").replace("ł", "l"))


def split(text: str) -> list[str]:
    pieces = re.split(r"[ \u3000'\u2019\-]", normalize(text))
    return [bare for piece in pieces if (bare := piece.strip('!?.,;:()…"„“+'))]


def beginnings(row: ModelRow) -> Iterator[str]:
    for word in split(row.name) + split(row.code):
        yield word
        yield from (word[at:] for at in range(1, len(word)) if _begins_a_word(word, at))


def _begins_a_word(word: str, at: int) -> bool:
    def script(each: str) -> str:
        name = unicodedata.name(each, "")
        return next((known for known in ("CJK", "HANGUL", "HIRAGANA", "KATAKANA") if name.startswith(known)), "")

    kana = {"HIRAGANA", "KATAKANA"}
    here, before = script(word[at]), script(word[at - 1])
    return bool(here) and not (here in kana and before in kana)


def has_word(row: ModelRow, word: str) -> bool:
    return any(each.startswith(word) for each in beginnings(row))


def digits(phone: str) -> tuple[str, str]:
    """Return the country code and the national number. A code is empty if the number has none."""
    phone = re.sub(r"^00", "+", re.sub(r"[ ()./\-]", "", phone))
    code = next((code for plus, code in COUNTRIES.items() if phone.startswith(plus)), "")
    return code, (phone[1 + len(code) :] if code else phone.removeprefix("+")).lstrip("0")


def has_number(row: ModelRow, typed: str) -> bool:
    if not row.phone:
        return False
    (own_code, own), (code, wanted) = digits(row.phone), digits(typed)
    if not wanted and not code:
        return False
    if not code:
        return own.startswith(wanted) or (own_code + own).startswith(wanted)
    if not own_code:
        return bool(wanted) and own.startswith(wanted)
    return own_code == code and own.startswith(wanted)


def matches(row: ModelRow, typed: str) -> bool:
    """Return whether each word is the beginning of a word, or each run of digits is that of the phone number."""
    raw = [piece for piece in re.split(r"[ \u3000'\u2019\-]", normalize(typed)) if split(piece)]
    while raw:
        run: list[str] = []
        while raw and re.fullmatch(r"[+0-9()./]+", raw[0]) and not (run and raw[0][0] == "+"):
            run.append(raw.pop(0))
        if run:
            words = [word for piece in run for word in split(piece)]
            is_phone = run[0][0] == "+" and all(digits("".join(run)))
            has_words = not is_phone and all(has_word(row, word) for word in words)
            if not has_words and not has_number(row, "".join(run)):
                return False
        elif not all(has_word(row, word) for word in split(raw.pop(0))):
            return False
    return True


def is_exact(row: ModelRow, typed: str) -> bool:
    own = typed.strip()
    if row.row_id.startswith("ord"):
        return own in {row.row_id, row.code}
    return own == row.row_id or (bool(own) and own.casefold() == row.code.casefold())


def search(rows: Iterable[ModelRow], typed: str) -> list[str]:
    """Return the ids of all rows that match, in order."""
    title = " ".join(split(typed))
    found = []
    for row in rows:
        if is_exact(row, typed):
            found.append((0, "", row.row_id))
        elif title and matches(row, typed):
            found.append((1 if row.title.startswith(title) else 2, row.title, row.row_id))
    return [row_id for *_, row_id in sorted(found)]
