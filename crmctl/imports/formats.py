"""How the numbers and dates of a table are written: as the user said, as the preset says, or as the table shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crmctl.imports.date_format import DateEvidence
from crmctl.imports.fields import FIELDS
from crmctl.imports.number_format import DecimalEvidence, NumberFormat

_OTHER_MARK = {",": ".", ".": ","}
_MARKS = ("decimal", "thousands")


@dataclass(frozen=True, slots=True)
class Formats:
    numbers: NumberFormat = field(default_factory=NumberFormat)
    dates: str | None = None
    """`dmy` or `mdy`, None if nobody said it and no date shows it."""

    def __str__(self) -> str:
        parts = ["decimal comma"] if self.numbers.decimal == "," else []
        parts += [{"dmy": "day first", "mdy": "month first"}[self.dates]] if self.dates else []
        return ", ".join(parts)


@dataclass(slots=True)
class FormatEvidence:
    kind: str
    _decimals: DecimalEvidence = field(default_factory=DecimalEvidence)
    _dates: DateEvidence = field(default_factory=DateEvidence)

    def note(self, values: Mapping[str, str]) -> None:
        fields = FIELDS[self.kind]
        for name in fields.numbers & values.keys():
            self._decimals.note(values[name])
        for name in fields.dates & values.keys():
            self._dates.note(values[name])

    def formats(self, stated: Mapping[str, str]) -> Formats:
        """Return the formats. `stated` is what the user or the preset says, by the names of the options."""
        thousands = stated.get("thousands", "")
        decimal = stated.get("decimal") or self._decimal_beside(thousands)
        numbers = NumberFormat(
            decimal=decimal,
            thousands=thousands,
            currency=stated.get("currency", ""),
            is_decimal_stated=bool(stated.get("decimal") or (thousands and thousands != decimal)),
        )
        return Formats(numbers, stated.get("dates") or self._dates.order)

    def _decimal_beside(self, thousands: str) -> str:
        """Return the decimal mark that the table shows. If it shows none, a mark between thousands is not it."""
        return self._decimals.decimal if self._decimals.is_shown else _OTHER_MARK.get(thousands, ".")


def combine(preset: Mapping[str, str], user: Mapping[str, str]) -> dict[str, str]:
    """Return what is stated. The user comes first: a mark has only the meaning that they give it."""
    taken = {user.get(name) for name in _MARKS}
    return {name: text for name, text in preset.items() if name not in _MARKS or text not in taken} | {**user}
