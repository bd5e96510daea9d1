"""Row classes that are made quickly are otherwise the dataclasses that they were."""

from dataclasses import FrozenInstanceError, astuple, dataclass, field, fields, replace

import pytest

from chalicelib.store.fast_dataclasses import quickly_made

pytestmark = pytest.mark.no_database


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    id: str
    count: int = 3
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Pair:
    first: str
    second: int = 1


def _again(kind: type) -> type:
    """Return the class as it would be, had it been decorated."""
    copied = type(kind.__name__, (), {"__annotations__": kind.__annotations__, **_defaults(kind)})
    keywords = kind is _Row
    return quickly_made(dataclass(frozen=True, slots=True, kw_only=keywords)(copied))


def _defaults(kind: type) -> dict[str, object]:
    return {"count": 3, "names": field(default_factory=list)} if kind is _Row else {"second": 1}


def test_it_is_made_like_the_slow_one() -> None:
    quick = _again(_Row)
    made = quick(id="a")
    assert (made.id, made.count, made.names) == ("a", 3, [])
    assert made.names is not quick(id="a").names
    assert astuple(replace(made, count=4)) == ("a", 4, [])
    assert [each.name for each in fields(quick)] == ["id", "count", "names"]
    with pytest.raises(TypeError):
        quick("a")
    with pytest.raises(TypeError):
        quick()


def test_values_decide_what_is_equal() -> None:
    quick = _again(_Pair)
    assert quick("a") == quick("a", 1)
    assert {quick("a"): "found"}[quick("a", 1)] == "found"
    assert quick("a") != quick("a", 2)
    assert repr(quick("a")) == "_Pair(first='a', second=1)"


def test_only_the_quick_one_can_be_changed_at_run_time() -> None:
    """Control: without the decorator, a field is set around a prohibition, which is what takes the time."""
    slow, quick = _Pair("a"), _again(_Pair)("a")
    with pytest.raises(FrozenInstanceError):
        slow.second = 2  # type: ignore[misc]
    quick.second = 2
    assert not hasattr(quick, "__dict__")
