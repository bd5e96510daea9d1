"""Ids name their kind, sort by time, and can be made again for the same request."""

from datetime import timedelta

import pytest

from chalicelib.store import ids
from tests.builders import moment, time_is

pytestmark = pytest.mark.no_database
NOW = "2026-11-02T12:00:00"


def made(seed: str, count: int = 3, at: str = NOW) -> list[str]:
    with ids.deterministic_ids(seed, moment(at)):
        return [ids.new_id(ids.ORDER) for _ in range(count)]


def test_an_id_names_its_kind() -> None:
    for kind in (ids.CUSTOMER, ids.PRODUCT, ids.ORDER):
        assert ids.kind_of(ids.new_id(kind)) == kind
    assert ids.is_id(ids.ORDER, ids.new_id(ids.ORDER))
    assert not ids.is_id(ids.ORDER, ids.new_id(ids.CUSTOMER))


@pytest.mark.parametrize(
    "text", ["", "ord_", "ord_" + "0" * 25, "ord_" + "U" * 26, "key_" + "0" * 26, "ord_" + "0" * 26 + "\n"]
)
def test_other_texts_have_no_kind(text: str) -> None:
    assert ids.kind_of(text) is None


def test_ids_sort_by_creation_time() -> None:
    found = []
    for second in range(20):
        with time_is(f"2026-11-02T12:00:{second:02}"):
            found.append(ids.new_id(ids.CUSTOMER))
    assert found == sorted(found)
    assert len(set(found)) == 20


def test_ids_are_determined_by_seed_and_time() -> None:
    first = made("a request")
    assert made("a request") == first
    assert len(set(first)) == 3
    assert not set(first) & set(made("another request"))
    assert not set(first) & set(made("a request", at="2026-11-02T12:00:01"))
    assert all(ids.is_id(ids.ORDER, row_id) for row_id in first)


def test_deterministic_ids_sort_by_time() -> None:
    later = str(moment(NOW) + timedelta(milliseconds=1))
    assert max(made("a")) < min(made("b", at=later[:23]))


def test_ids_are_random_outside_of_such_a_request() -> None:
    with ids.deterministic_ids("outer", moment(NOW)):
        with pytest.raises(KeyError), ids.deterministic_ids("inner", moment(NOW)):
            raise KeyError
        assert ids.new_id(ids.ORDER) == made("outer", 1)[0]
    with time_is(NOW):
        assert ids.new_id(ids.ORDER) != ids.new_id(ids.ORDER)
