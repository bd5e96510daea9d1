"""The calls that jobs have made to AWS."""

from collections.abc import Iterable


class Calls(list[str]):
    """Operations in the order of their calls. `first_calls` are the numbers of those with which a Lambda began."""

    def __init__(self, operations: Iterable[str] = (), first_calls: Iterable[int] = ()) -> None:
        super().__init__(operations)
        self.first_calls = set(first_calls)

    def begin(self) -> None:
        """Note that a Lambda begins."""
        self.first_calls.add(len(self))

    def copy(self) -> "Calls":
        return Calls(self, self.first_calls)

    def clear(self) -> None:
        super().clear()
        self.first_calls.clear()
