"""Make the creation of frozen dataclasses faster, for rows that are read by the thousand."""

from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type)


def quickly_made(kind: Kind) -> Kind:
    """Give a frozen dataclass the constructor of one that is not frozen.

    A frozen one sets each field with a call that goes around its own prohibition, so it takes six times as long (measured),
    and a page makes hundreds of rows. mypy still refuses every change of a row; only at run time nothing prevents it any more.
    """
    parts = [(each.name, each.type, _copied(each)) for each in fields(kind)]
    twin: Any = make_dataclass(kind.__name__, parts)
    kind.__init__ = twin.__init__  # type: ignore[misc]
    del kind.__setattr__, kind.__delattr__
    return kind


def _copied(original: "Field[Any]") -> Any:
    if original.default_factory is not MISSING:
        return field(default_factory=original.default_factory, kw_only=original.kw_only)
    return field(default=original.default, kw_only=original.kw_only)
