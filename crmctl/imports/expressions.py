"""Say which columns a field is made of: `First Name + Last Name | Company`.

`+` joins texts with a blank, `|` takes the first that is not empty, and a text in single quotes stands for itself, unless the
column after it is empty. A column may end in `*`: then it is all columns that begin so, and `5` and `7` are `5 + 7`. Columns
are found without regard to case, blanks and underscores.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crmctl.imports.file_error import ImportFileError

_CONSTANT = re.compile(r"'([^']*)'")


class UnknownColumn(ImportFileError):
    """The table has no such column."""


@dataclass(frozen=True, slots=True)
class _Term:
    """One or more cells, or a text that is the same in every row. A column that the table lacks has no cells."""

    columns: tuple[int, ...]
    constant: str | None = None

    def text(self, cells: Sequence[str]) -> str:
        return SUM.join(filter(None, (cells[column].strip() for column in self.columns)))


SUM = " + "
"""Between the texts of several columns."""


@dataclass(frozen=True, slots=True)
class Expression:
    alternatives: tuple[tuple[_Term, ...], ...]
    text: str

    def value(self, cells: Sequence[str]) -> str:
        for terms in self.alternatives:
            if value := " ".join(_texts(terms, cells)):
                return value
        return ""

    @property
    def single(self) -> int | None:
        """The column, if the expression is nothing but one."""
        (term, *others) = [term for terms in self.alternatives for term in terms]
        return term.columns[0] if len(term.columns) == 1 and not others else None

    @property
    def columns(self) -> set[int]:
        return {column for terms in self.alternatives for term in terms for column in term.columns}


def _texts(terms: Sequence[_Term], cells: Sequence[str]) -> list[str]:
    """Return the texts of the terms. Constants count only before a text, or if no column follows."""
    texts: list[str] = []
    waiting: list[str] = []
    for term in terms:
        if term.constant is not None:
            waiting.append(term.constant)
            continue
        if text := term.text(cells):
            texts += [*waiting, text]
        waiting = []
    return [*texts, *waiting]


def column_key(name: str) -> str:
    """Return the form in which column names are compared."""
    return " ".join(name.replace("_", " ").casefold().split())


def parse(text: str, columns: Sequence[str], *, is_strict: bool) -> Expression:
    """Return the expression over these columns.

    Raises UnknownColumn: if strict for any unknown column, else if every alternative begins with one.
    """
    keys = [column_key(column) for column in columns]
    if column_key(text) in keys:  # the name of a column may contain + and |
        return Expression(((_term(text, keys),),), text)
    alternatives: list[tuple[_Term, ...]] = []
    missing: UnknownColumn | None = None
    for alternative in _split(text, "|"):
        try:
            alternatives.append(_terms(alternative, keys, is_strict=is_strict))
        except UnknownColumn as error:
            if is_strict:
                raise
            missing = error
    if missing and not alternatives:
        raise missing
    return Expression(tuple(alternatives), text)


def _terms(text: str, keys: Sequence[str], *, is_strict: bool) -> tuple[_Term, ...]:
    """Return the parts of a sum. If not strict, only the first one must be there."""
    first, *others = _split(text, "+")
    terms = [_term(first, keys)]
    for each in others:
        try:
            terms.append(_term(each, keys))
        except UnknownColumn:
            if is_strict:
                raise
            terms.append(_Term(()))
    return tuple(terms)


def _split(text: str, mark: str) -> list[str]:
    """Split at the marks that do not stand in quotes. A single apostrophe is part of a name."""
    if text.count("'") % 2:
        return text.split(mark)
    return re.split(rf"{re.escape(mark)}(?=(?:[^']*'[^']*')*[^']*$)", text)


def _term(text: str, keys: Sequence[str]) -> _Term:
    if constant := _CONSTANT.fullmatch(text.strip()):
        return _Term((), constant[1])
    key = column_key(text)
    is_prefix = key.endswith("*")
    if is_prefix:
        found = [index for index, each in enumerate(keys) if each.startswith(key[:-1])]
    else:
        found = [index for index, each in enumerate(keys) if each == key]
    if key and (len(found) == 1 or (found and is_prefix)):
        return _Term(tuple(found))
    what = "several columns" if found else "no column"
    raise UnknownColumn(f"There is {what} {text.strip()!r}.")
