"""Upkeep of the search index: what is missing is put, and what a crash has left is removed once it is old."""

from datetime import timedelta

import pytest

from chalicelib.crm import customers, imported_orders, search, search_upkeep, search_words, text
from chalicelib.store import batch_writes
from tests.builders import a_customer, a_past_order, a_product
from tests.crm.search_looks import ALL, check_whole_index, ids_of, index_rows, lose_index
from tests.faults.environment import Environment

pytestmark = [pytest.mark.no_database, pytest.mark.usefixtures("environment")]


def test_left_over_rows_are_removed_once_they_are_old(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = a_customer("Ann Lee", phone="+49 30 123456")
    with monkeypatch.context() as patch:
        patch.setattr(batch_writes, "discard", lambda *_: None)
        customers.update(ann.id, {"name": "Bea Lee"})
    assert len(index_rows()) == 10
    assert (ids_of("ann lee"), ids_of("bea lee")) == ([], [ann.id]), "each hit is checked on its own row"
    assert check_whole_index().removed == 0, "the customer could still be about to be written"
    environment.now += timedelta(hours=2)
    assert check_whole_index().removed == 5
    assert check_whole_index() == search_upkeep.Upkeep(6, 0, 0, None)
    assert ids_of("bea") == [ann.id]


def test_an_index_row_of_a_former_name_gives_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, zoe = a_customer("Ann Lee"), a_customer("Ann Zoe")
    with monkeypatch.context() as patch:
        patch.setattr(batch_writes, "discard", lambda *_: None)
        customers.update(ann.id, {"name": "Zora Ann"})
    assert ids_of("ann") == [zoe.id, ann.id], "it no longer begins with the text"
    assert [hit.node.id for hit in search.find("ann", ALL, first=1).edges] == [zoe.id]


def test_the_index_is_rebuilt_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_upkeep, "PAGE_SIZE", 3)
    people = [a_customer(f"Ann Number{number}", phone="030 123456") for number in range(8)]
    lamp = a_product("Lamp", sku="A-1")
    imported_orders.record(a_past_order(people[0], (lamp, 1, "1")))
    before = index_rows()
    lose_index()
    done = check_whole_index()
    assert (done.checked, done.written, done.removed) == (8 + 1 + 1 + len(before), len(before), 0)
    assert index_rows() == before


def test_keys_cover_their_own_words_and_stay_short() -> None:
    row = search_words.RowWords.of(
        "x" * 200 + " " + " ".join(f"w{number}" for number in range(60)), "a@b.c", "030 123456"
    )
    assert 30 < len(row.keys) < search_words.MAX_KEYS, "w1 begins w10 and needs no row of its own"
    assert {"30123456", "a@b.c"} <= set(row.keys)
    assert max(map(len, row.keys)) == search_words.MAX_KEY_LENGTH
    assert all(text.fits_key(key) for key in row.keys)
