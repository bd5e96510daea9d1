"""A row of the table that `python -m benchmarks` prints: a ratio within one run, or an exact count, and what it should be."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

RATIO = "of it"
_HEAD = ("measured", "against", "figure", "goal", "")


@dataclass(frozen=True, slots=True)
class Finding:
    """`figure` is a ratio, or how many of `unit`. The goal is at most `most`, at least `least`; without either there is none."""

    what: str
    figure: float
    unit: str = RATIO
    against: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def is_met(self) -> bool:
        """By the figure as it is shown."""
        figure = float(_number(self.figure).replace(",", ""))
        return (self.most is None or figure <= self.most) and (self.least is None or figure >= self.least)

    def row(self) -> tuple[str, ...]:
        bounds = [("≤", self.most), ("≥", self.least)]
        goal = ", ".join(f"{sign} {_number(bound)}" for sign, bound in bounds if bound is not None)
        verdict = "" if not goal else "met" if self.is_met else "**missed**"
        return self.what, self.against, f"{_number(self.figure)} {self.unit}", goal, verdict


def tell(findings: Iterable[Finding]) -> None:
    """Print each as soon as it is known, for `python -m benchmarks` to read."""
    for finding in findings:
        print(json.dumps(asdict(finding)), flush=True)


def read(line: str) -> Finding:
    return Finding(**json.loads(line))


def table(findings: Iterable[Finding]) -> str:
    rows = [_HEAD, ("---", "---", "---:", "---:", "---"), *(finding.row() for finding in findings)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004
