"""One row of the table that `python -m benchmarks` prints: a ratio within one run, or an exact count, and its goal."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

RATIO = "of it"
_HEAD = ("measured", "against", "figure", "goal", "")


@dataclass(frozen=True, slots=True)
class Result:
    """`figure` is a ratio, or a number of `unit`. It meets its goal from `minimum` to `maximum`; without either it has no goal."""

    title: str
    figure: float
    unit: str = RATIO
    compared_to: str = ""
    maximum: float | None = None
    minimum: float | None = None

    @property
    def is_met(self) -> bool:
        """Compare the figure as it is printed, rounded."""
        figure = float(_number(self.figure).replace(",", ""))
        return (self.maximum is None or figure <= self.maximum) and (self.minimum is None or figure >= self.minimum)

    def row(self) -> tuple[str, ...]:
        bounds = [("≤", self.maximum), ("≥", self.minimum)]
        goal = ", ".join(f"{sign} {_number(bound)}" for sign, bound in bounds if bound is not None)
        verdict = "" if not goal else "met" if self.is_met else "**missed**"
        return self.title, self.compared_to, f"{_number(self.figure)} {self.unit}", goal, verdict


def print_results(results: Iterable[Result]) -> None:
    """Print each result as soon as it is known, for `python -m benchmarks` to read."""
    for result in results:
        print(json.dumps(asdict(result)), flush=True)


def read(line: str) -> Result:
    return Result(**json.loads(line))


def table(results: Iterable[Result]) -> str:
    rows = [_HEAD, ("---", "---", "---:", "---:", "---"), *(result.row() for result in results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004
