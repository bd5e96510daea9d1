"""Read numbers as people write them: with a point or a comma, thousands separators and currency signs."""

import re
from dataclasses import dataclass, field

_LAST_MARK = re.compile(r"[.,](\d+)\D*$")
_BLANKS = " \u00a0\u202f\u2009"
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-"})
_GROUP = 3
"""Digits between thousands separators: exactly so many behind a mark have two meanings."""


@dataclass(slots=True)
class DecimalEvidence:
    """Which decimal mark the numbers of a table show. Three digits behind a mark show nothing."""

    _marks: set[str] = field(default_factory=set)

    def note(self, text: str) -> None:
        found = _LAST_MARK.search(text)
        if found and len(found[1]) != _GROUP:
            self._marks.add(found[0][0])

    @property
    def is_shown(self) -> bool:
        return bool(self._marks)

    @property
    def decimal(self) -> str:
        """The comma if all numbers that show a mark show it, else the point."""
        return "," if self._marks == {","} else "."


@dataclass(frozen=True, slots=True)
class NumberFormat:
    decimal: str = "."
    thousands: str = ""
    currency: str = ""
    """Signs and codes to ignore, separated by blanks, such as `$ EUR`."""
    is_decimal_stated: bool = False
    """Whether the user said which decimal mark it is. If not, three decimals are ambiguous."""

    def plain(self, text: str) -> str:
        """Return the number with a point and without signs, or a text that is no number."""
        number = text.translate(_MINUS)
        for sign in self.currency.split():
            number = number.replace(sign, "")
        number = number.strip().strip(_BLANKS)
        if self.thousands:
            number = self._without_thousands(number)
        if self.decimal == ",":
            number = "" if "." in number else number.replace(",", ".")
        return number

    def _without_thousands(self, number: str) -> str:
        marks = _BLANKS if self.thousands == " " else self.thousands
        whole, mark, rest = number.partition(self.decimal)
        digits = re.sub(f"(?<=\\d)[{re.escape(marks)}](?=\\d{{{_GROUP}}}(?:\\D|$))", "", whole)
        return digits + mark + rest

    def hint(self, text: str) -> str:
        """Return which option would read the text, or nothing."""
        if re.search(r"[^\d\s.,+'\u00a0\u202f\u2212\u2013-]", text) and re.search(r"\d", text):
            sign = "".join(re.findall(r"[^\d\s.,+'\u00a0\u202f\u2212\u2013-]", text))
            return f"; set --currency '{sign}' if that is a currency" if len(sign) <= _GROUP else ""
        if re.fullmatch(r"[+-]?\d+,\d+", text):
            return "; set --decimal , or --thousands ,"
        if re.fullmatch(r"[+-]?[\d., ']+[.,]\d+", text):
            return "; set --thousands and --decimal"
        return ""
