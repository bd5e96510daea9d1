"""Turn the rows of a table into the fields of an import."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crmctl.imports.expressions import Expression, UnknownColumn, column_key, parse
from crmctl.imports.fields import FIELDS
from crmctl.imports.file_error import ImportFileError
from crmctl.imports.preset_catalog import KindPreset, Preset

_LINE_BREAKS = re.compile(r"[\r\n\t]+")
_CODE = re.compile(r"[A-Za-z]{3}")


@dataclass(slots=True)
class TableMapping:
    """What each field is made of, and which rows count. One object maps one table: it remembers the row above."""

    kind: str
    preset: Preset
    columns: tuple[str, ...]
    expressions: Mapping[str, Expression]
    rules: KindPreset
    place: str
    skipped: int = 0
    _single: list[tuple[str, int]] = field(init=False)
    """Fields that are one column: most are, and a file may have millions of rows."""
    _composed: list[tuple[str, Expression]] = field(init=False)
    _skip: list[tuple[int, frozenset[str]]] = field(init=False)
    _currencies: dict[int, str] = field(init=False)
    """Columns with a currency, each with the text that was found."""
    _carry_down: list[int] = field(init=False)
    _group: list[int] = field(init=False)
    _last_group: list[str] | None = None
    _above: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        singles = {name: expression.single for name, expression in self.expressions.items()}
        self._single = [(name, index) for name, index in singles.items() if index is not None]
        self._composed = [(name, each) for name, each in self.expressions.items() if singles[name] is None]
        # Systems change how they write a status: `Failed`, `failed`.
        skip = {name: frozenset(map(str.casefold, texts)) for name, texts in self.rules.skip.items()}
        self._skip = [(index, texts) for name, texts in skip.items() for index in self._indexes([name])]
        self._skip += [(index, frozenset({""})) for index in self._indexes(self.rules.skip_blank)]
        self._currencies = dict.fromkeys(self._indexes(self.rules.currency_columns), "")
        self._carry_down = self._indexes(self.rules.carry_down)
        self._group = self._indexes([self.rules.group])

    @property
    def ignored(self) -> list[str]:
        """Columns that nothing is taken from."""
        used = {index for expression in self.expressions.values() for index in expression.columns}
        used.update(index for index, _ in self._skip)
        used.update(self._group, self._currencies)
        return [column for index, column in enumerate(self.columns) if column and index not in used]

    def values(self, cells: Sequence[str]) -> dict[str, str] | None:
        """Return the field values of a row, or None if the rules leave it out.

        Raises ImportFileError if the row has another currency than the rows above.
        """
        texts = (
            ["" if cell.strip() in self.rules.empty else cell for cell in cells] if self.rules.empty else list(cells)
        )
        if self._carry_down:
            self._fill_from_above(texts)
        if any(texts[index].strip().casefold() in left_out for index, left_out in self._skip):
            self.skipped += 1
            return None
        if self._currencies:
            self._check_currency(texts)
        values = {name: _one_line(texts[index].strip()) for name, index in self._single}
        values.update((name, _one_line(expression.value(texts))) for name, expression in self._composed)
        return values

    def carried(self, cells: Sequence[str]) -> Sequence[str]:
        """Return the cells of the row that `values` had last, with those of the row above that count for it.

        A row that is rejected has them, so that it means the same in a file of its own.
        """
        if not self._carry_down:
            return cells
        return [cell if cell.strip() else self._above.get(index, cell) for index, cell in enumerate(cells)]

    def _fill_from_above(self, texts: list[str]) -> None:
        group = [texts[index] for index in self._group]
        if group != self._last_group:
            self._last_group, self._above = group, {}
        for index in self._carry_down:
            texts[index] = self._above[index] = texts[index] if texts[index].strip() else self._above.get(index, "")

    def check_currency(self, wanted: str) -> None:
        """Raise ImportFileError if the rows that were read have another currency than `wanted`, a code such as EUR.

        A sign such as $ does not say which currency it is.
        """
        for index, found in self._currencies.items():
            if _CODE.fullmatch(found) and found.casefold() != wanted.casefold():
                raise ImportFileError(
                    f"{self.place}: the column {self.columns[index]} has {found}, but the amounts of this CRM are in {wanted}."
                    f" Convert the amounts. If those of the CRM are in {found.upper()} as well, set CRM_CURRENCY on the server."
                )

    def _check_currency(self, texts: Sequence[str]) -> None:
        for index, found in self._currencies.items():
            text = texts[index].strip()
            if found and text and text.casefold() != found.casefold():
                raise ImportFileError(
                    f"{self.place}: the column {self.columns[index]} has {found} and {text}, whose amounts cannot be added "
                    "up. Import a file with the rows of one of them."
                )
            self._currencies[index] = found or text

    def _indexes(self, names: Iterable[str]) -> list[int]:
        wanted = {column_key(name) for name in names if name}
        return [index for index, column in enumerate(self.columns) if column_key(column) in wanted]


def _one_line(text: str) -> str:
    return text if text.isprintable() else _LINE_BREAKS.sub(" ", text).strip()


def make_mapping(
    kind: str, columns: tuple[str, ...], preset: Preset, own: Mapping[str, str], *, place: str
) -> TableMapping:
    """Return the mapping of a table: the preset's, and the user's own expressions before it.

    Raises ImportFileError if a required field is made of nothing, or a column that is used stands twice.
    """
    rules = preset.kinds.get(kind, KindPreset({}))
    expressions: dict[str, Expression] = {}
    for name, text in {**rules.columns, **own}.items():
        try:
            expressions[name] = parse(text, columns, is_strict=name in own)
        except UnknownColumn as error:
            if name in own:
                raise ImportFileError(f"{place}: {error} It has: {', '.join(filter(None, columns))}.") from None
    mapping = TableMapping(kind, preset, columns, expressions, rules, place)
    _check_required(mapping, place)
    return mapping


def _check_required(mapping: TableMapping, place: str) -> None:
    missing = [name for name in FIELDS[mapping.kind].required if name not in mapping.expressions]
    if not missing:
        return
    kind = mapping.kind
    raise ImportFileError(
        f"{place}: no column for {', '.join(missing)}. It has: {', '.join(filter(None, mapping.columns))}. "
        f'Say which column it is: --map {kind}.{missing[0]}="COLUMN"'
    )
