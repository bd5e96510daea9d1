"""Arguments of runs: what each job takes, and the check of what people send. A wrong one is refused before anything runs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict, cast

from chalicelib.errors import InvalidInput

_MAX_DIGITS = 10
"""Of a whole number. Every bound has fewer."""


class RunArguments(TypedDict, total=False):
    """The arguments of a run. Those that are missing have their defaults."""

    threshold: int
    amount: int
    days: int
    inactive_days: int
    cap: int
    period: str
    again: bool
    """weekly_report: make a new revision of a report that exists. Only `remakeReport` sets it."""
    customer: str
    """erasure: whom to erase. Only `eraseCustomer` sets it."""


class ArgumentType(StrEnum):
    INTEGER = "INTEGER"
    WEEK = "WEEK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    name: str
    help: str
    type: ArgumentType = ArgumentType.INTEGER
    default: int | None = None
    """None: the help says what happens then."""
    minimum: int | None = None
    maximum: int | None = None
    is_valid: Callable[[str], bool] = lambda _text: True
    """The check of a WEEK."""
    changeable: bool = False
    """A run that has begun may go on with another value."""

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        if self.type is ArgumentType.WEEK:
            return f"{self.name} must be a past ISO week, such as 2026-W47"
        return f"{self.name} must be a whole number from {self.minimum} to {self.maximum}"

    def parse(self, text: str) -> int | str:
        """Return the value. Raises InvalidInput, which says what it must be."""
        if self.type is ArgumentType.WEEK:
            if self.is_valid(text):
                return text
        elif text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
            number = int(text)
            if self.minimum is not None and self.maximum is not None and self.minimum <= number <= self.maximum:
                return number
        raise InvalidInput(self.rule, field=self.name)


def parse(job: str, known: Sequence[Argument], given: Iterable[tuple[str, str]]) -> RunArguments:
    """Return the arguments that were given to a job as texts. Raises InvalidInput."""
    by_name = {argument.name: argument for argument in known}
    parsed: dict[str, int | str] = {}
    for name, text in given:
        if name not in by_name:
            takes = f"the arguments {', '.join(by_name)}" if by_name else "no arguments"
            raise InvalidInput(f"{job} has no argument {name[:40]!r}. It takes {takes}", field="arguments")
        if name in parsed:
            raise InvalidInput(f"{name} is given twice", field=name)
        parsed[name] = by_name[name].parse(text)
    return cast("RunArguments", parsed)


def check_change(known: Sequence[Argument], before: RunArguments, changed: RunArguments) -> None:
    """Refuse other arguments for a run that has begun, except those that it may go on with. Raises InvalidInput."""
    changeable = {argument.name for argument in known if argument.changeable}
    for name, value in changed.items():
        if name not in changeable and before.get(name) != value:
            raise InvalidInput(f"The run has begun with another {name}. Start a new run instead", field=name)


def as_texts(arguments: RunArguments) -> list[tuple[str, str]]:
    """Return names and values as people write them."""
    return [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in arguments.items()]
