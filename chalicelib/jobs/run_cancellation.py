"""The note by which a run is cancelled, in the row of the run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Who wants a run to end, and why."""

    actor: str
    reason: str
    at: str

    @property
    def text(self) -> str:
        return f"cancelled by {self.actor}: {self.reason}"
