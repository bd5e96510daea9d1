"""The part of DynamoDB's expressions that pynamodb and our reads use: conditions, key conditions and updates.

Each text is parsed once into functions of (item, names, values); `names` and `values` resolve its placeholders.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]
Test: TypeAlias = Callable[[Item, Item, Item], bool]
Operand: TypeAlias = Callable[[Item, Item, Item], Any]
Change: TypeAlias = tuple[str, str, Operand | None]

_TOKEN = re.compile(r"<=|>=|<>|[#:]?\w+|[()=<>,+-]")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CLAUSES = {"SET", "REMOVE", "ADD"}
_LAST = "\U0010ffff"


def plain(value: Any) -> Any:
    """Return (kind, value) for comparisons, or None for a missing value."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    return kind, int(content) if kind == "N" else content


@dataclass
class _Parser:
    tokens: list[str]
    at: int = 0

    def next(self, *expected: str) -> str:
        token = self.tokens[self.at]
        assert not expected or token in expected, (self.tokens, token, expected)
        self.at += 1
        return token

    def sees(self, *tokens: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] in tokens

    def either(self) -> Test:
        tests = [self.both()]
        while self.sees("OR"):
            self.next()
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda *given: any(test(*given) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.sees("AND"):
            self.next()
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda *given: all(test(*given) for test in tests)

    def one(self) -> Test:
        if self.sees("("):
            self.next()
            inner = self.either()
            self.next(")")
            return inner
        if self.sees("attribute_exists", "attribute_not_exists", "begins_with"):
            return self.function()
        left = self.operand()
        if self.sees("BETWEEN"):
            self.next()
            low = self.operand()
            self.next("AND")
            high = self.operand()
            return lambda *given: (
                _compare("<=", low(*given), left(*given)) and _compare("<=", left(*given), high(*given))
            )
        sign = self.next(*_COMPARE)
        right = self.operand()
        return lambda *given: _compare(sign, left(*given), right(*given))

    def function(self) -> Test:
        name = self.next()
        self.next("(")
        target = self.operand()
        test: Test = lambda *given: (target(*given) is None) == (name == "attribute_not_exists")  # noqa: E731
        if name == "begins_with":
            self.next(",")
            prefix = self.operand()
            test = lambda *given: str(plain(target(*given))[1]).startswith(plain(prefix(*given))[1])  # noqa: E731
        self.next(")")
        return test

    def operand(self) -> Operand:
        token = self.next()
        if token[0] == ":":
            return lambda _item, _names, values: values[token]
        if token[0] == "#":
            return lambda item, names, _values: item.get(names[token])
        return lambda item, _names, _values: item.get(token)

    def changes(self) -> list[Change]:
        found: list[Change] = []
        while self.at < len(self.tokens):
            clause = self.next(*_CLAUSES)
            while True:
                found.append((clause, *self.change(clause)))
                if not self.sees(","):
                    break
                self.next()
        return found

    def change(self, clause: str) -> tuple[str, Operand | None]:
        name = self.next()
        if clause == "REMOVE":
            return name, None
        if clause == "ADD":
            return name, self.operand()
        self.next("=")
        value = self.operand()
        if self.sees("+", "-"):
            sign, left, right = (1 if self.next() == "+" else -1), value, self.operand()
            return name, lambda *given: _added(left(*given), right(*given), sign)
        return name, value


def _compare(sign: str, left: Any, right: Any) -> bool:
    """Compare two values. Values of different kinds, and missing ones, are never in order."""
    one, other = plain(left), plain(right)
    if one is None or other is None or one[0] != other[0]:
        return sign == "<>"
    return _COMPARE[sign](one[1], other[1])


def _added(left: Any, right: Any, sign: int = 1) -> Item:
    return {"N": str(int(left["N"]) + sign * int(right["N"]))}


@cache
def condition(text: str) -> Test:
    parser = _Parser(_TOKEN.findall(text))
    test = parser.either()
    assert parser.at == len(parser.tokens), text
    return test


_KEY_RANGE = re.compile(
    r" AND (?:begins_with\s*\([#\w]+, (?P<beginning>:\w+)\)|[#\w]+ (?P<sign>BETWEEN|<=|>=|=|<|>) (?P<one>:\w+)(?: AND (?P<high>:\w+))?)"
)


def key_range(text: str, values: Item) -> tuple[Any, Any]:
    """Return from which to which range key a key condition can be true, both included, as `plain` values. None is no bound."""
    found = _KEY_RANGE.search(text)
    if found is None:
        assert " AND " not in text, text
        return None, None
    if found["beginning"]:
        kind, beginning = plain(values[found["beginning"]])
        return (kind, beginning), (kind, beginning + _LAST)
    sign, one = found["sign"], plain(values[found["one"]])
    low = None if sign.startswith("<") else one
    high = plain(values[found["high"]]) if sign == "BETWEEN" else None if sign.startswith(">") else one
    return low, high


@cache
def changes(text: str) -> list[Change]:
    return _Parser(_TOKEN.findall(text)).changes()


def updated(item: Item, text: str, names: Item, values: Item) -> Item:
    """Return the item after an update expression. Its operands are read before any change."""
    new = dict(item)
    for clause, placeholder, operand in changes(text):
        name = names.get(placeholder, placeholder)
        if operand is None:
            new.pop(name, None)
            continue
        value = operand(item, names, values)
        new[name] = _added(item.get(name, {"N": "0"}), value) if clause == "ADD" else value
    return new
