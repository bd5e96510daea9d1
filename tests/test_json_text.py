"""JSON comes out the same with orjson and without it."""

import json
import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import json_text

pytestmark = pytest.mark.no_database

_NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_TEXTS = st.text(st.characters())  # lone surrogates, too
VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)
TEXTS = [
    '{"a": 1, "a": 2}',
    '"\\ud800"',
    "[1.0, -0, -0.0, 1e2]",
    '"\\u00e9 \x7f"',
    "[" * 500 + "]" * 500,
    " [ ] ",
    "18446744073709551615",
]


@pytest.fixture(params=["with", "without"])
def orjson(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "without":
        monkeypatch.setattr(json_text, "fast", None)
    return str(request.param)


def test_it_is_packaged() -> None:
    """Otherwise the tests here compare Python's module with itself."""
    assert json_text.fast is not None  # type: ignore[attr-defined]


@given(VALUES)
def test_any_value_is_written_in_ascii_and_read_again(value: Any) -> None:
    written = json_text.write(value)
    assert written.isascii()
    assert json.loads(written) == value
    assert json_text.read(written) == value
    assert json_text.read(json.dumps(value)) == value


@given(VALUES.filter(lambda value: not _has_floats(value)))
def test_without_floats_every_byte_is_the_same(value: Any) -> None:
    assert json_text.write(value) == json.dumps(value, separators=(",", ":"))


def _has_floats(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_floats, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_read_alike(text: str, orjson: str) -> None:
    assert repr(json_text.read(text)) == repr(json.loads(text)), orjson
    assert repr(json_text.read(text.encode())) == repr(json.loads(text)), orjson


@pytest.mark.usefixtures("orjson")
@pytest.mark.parametrize("text", ["", "{", "[1,]", '{"a"}', b"\xff", "nul"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        json_text.read(text)


@pytest.mark.usefixtures("orjson")
def test_numbers_of_any_size_are_written() -> None:
    assert json_text.write([10**30, -(10**30)]) == f"[{10**30},-{10**30}]"


@pytest.mark.usefixtures("orjson")
@pytest.mark.parametrize("value", [date(2026, 1, 31), {1, 2}, object()])
def test_what_json_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        json_text.write({"a": value})


@pytest.mark.usefixtures("orjson")
def test_a_constant_that_json_does_not_have_is_read_as_before() -> None:
    assert math.isnan(json_text.read("NaN"))
