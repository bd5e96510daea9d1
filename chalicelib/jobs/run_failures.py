"""How the attempts at a run failed: the latest of them, with the beginning of each error."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

MAX_KEPT = 8
MAX_LENGTH = 300
_CUT = " …"


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed."""

    attempt: int
    at: str
    error: str


def with_another(failures: Sequence[Failure], attempt: int, at: str, error: str) -> tuple[Failure, ...]:
    """Return the failures and a new one, at most MAX_KEPT, the oldest first."""
    text = error if len(error) <= MAX_LENGTH else error[: MAX_LENGTH - len(_CUT)] + _CUT
    return (*failures, Failure(attempt, at, text))[-MAX_KEPT:]


def to_content(failures: Iterable[Failure]) -> list[dict[str, object]] | None:
    """Return what the row of a run stores. Most runs have no failure, and their rows no attribute."""
    return [asdict(failure) for failure in failures] or None


def from_content(content: Iterable[dict[str, object]] | None) -> tuple[Failure, ...]:
    return tuple(Failure(int(str(each["attempt"])), str(each["at"]), str(each["error"])) for each in content or ())
