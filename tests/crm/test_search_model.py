"""Search against a plain model, after any changes of the data, and against itself in any script."""

import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from chalicelib.crm import (
    cancellation,
    customers,
    deleted_customers,
    imported_orders,
    products,
    search_index,
    search_words,
)
from chalicelib.errors import CrmError, DuplicateEmail, InvalidInput
from chalicelib.store import batch_writes
from tests.builders import a_past_order, a_product, moment
from tests.crm import search_model
from tests.crm.search_looks import check_whole_index, ids_of, lose_index
from tests.crm.search_model import ModelRow
from tests.faults.environment import Environment, FakeAws
from tests.faults.memory import Memory

pytestmark = [pytest.mark.no_database, pytest.mark.usefixtures("environment")]
NOW = moment("2026-11-22T12:00:00")
EXAMPLES = 25


# Words in five scripts and more, which share beginnings.
WORDS = [
    "Ann", "Anna", "Änne", "Łukasz", "O'Neil", "Jean-Luc", "Evans", "Evan", "Ñandú", "Strauß", "STRAUSS", "Анна", "Ёлкин",
    "Νίκος", "محمد", "محمود", "שרה", "山田", "山田太郎", "太郎", "たろう", "タロウ", "김철수", "철수", "54", "030", "(Old)", "No.1", "é",
]  # fmt: skip
PHONES = [
    "",
    "+49 30 123456",
    "0049 30 1234",
    "030 123456",
    "(030) 12-34",
    "+1 540 5550100",
    "5405550100",
    "+420 540 123456",
]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
phones = st.sampled_from(PHONES)
emails = st.sampled_from(
    [f"{local}@{host}" for local in ("ann", "anna-l", "e.vans", "54") for host in ("a.com", "x-y.de")]
)
codes = st.sampled_from(["54-W", "Ann", "INV-030", "030 12", "山田-1", "evans"])


@st.composite
def typed_texts(draw: st.DrawFn) -> str:
    whole = draw(st.one_of(names, phones, emails, codes, st.tuples(names, phones).map(" ".join)))
    pieces = [piece[: draw(st.integers(1, len(piece)))] for piece in whole.split(" ") if piece]
    cut = " ".join(draw(st.permutations(pieces)) if draw(st.booleans()) else pieces)
    return draw(st.sampled_from([whole, cut, cut.upper(), cut.lower(), cut.replace(" ", "-"), f" {cut}! "]))


class Search(RuleBasedStateMachine):
    """Changes of the data in any order, some without the removal of old index rows, and the plain model beside them."""

    built: FakeAws
    people = Bundle("people")
    goods = Bundle("goods")

    def __init__(self) -> None:
        super().__init__()
        self.run = self.built.run(Environment(Memory(), NOW))
        self.run.__enter__()
        self.rows: dict[str, ModelRow] = {}
        self.gone: dict[str, ModelRow] = {}
        self.orders: list[str] = []

        self.patch = pytest.MonkeyPatch()

    def teardown(self) -> None:
        self.patch.undo()
        self.run.__exit__(None, None, None)

    @initialize(target=goods)
    def first_product(self) -> str:
        return self.new_product("Lamp", None)

    @rule(target=people, name=names, email=emails, phone=phones)
    def create_customer(self, name: str, email: str, phone: str) -> str:
        try:
            row = customers.create(name, email, phone)
        except DuplicateEmail:
            return next((key for key, row in self.rows.items() if row.code == email), "cus_none")
        self.rows[row.id] = ModelRow(row.id, name, email, phone)
        return row.id

    @rule(person=people, change=st.fixed_dictionaries({}, optional={"name": names, "email": emails, "phone": phones}))
    def update_customer(self, person: str, change: dict[str, str]) -> None:
        if person not in self.rows:
            return
        try:
            customers.update(person, change)
        except DuplicateEmail:
            return
        old = self.rows[person]
        self.rows[person] = ModelRow(
            person, change.get("name", old.name), change.get("email", old.code), change.get("phone", old.phone)
        )

    @rule(person=people)
    def delete_customer(self, person: str) -> None:
        if person in self.rows:
            deleted_customers.delete(person)
            self.gone[person] = self.rows.pop(person)

    @rule(person=people)
    def restore_customer(self, person: str) -> None:
        if person in self.gone:
            try:
                deleted_customers.restore(person)
            except DuplicateEmail:
                return
            self.rows[person] = self.gone.pop(person)

    @rule(target=goods, name=names, sku=st.none() | codes)
    def create_product(self, name: str, sku: str | None) -> str:
        return self.new_product(name, sku)

    def new_product(self, name: str, sku: str | None) -> str:
        try:
            row = a_product(name, sku=sku)
        except CrmError:
            return "prd_none"
        self.rows[row.id] = ModelRow(row.id, name, sku or "")
        return row.id

    @rule(product=goods, name=names, stock=st.integers(0, 3))
    def update_product(self, product: str, name: str, stock: int) -> None:
        if product in self.rows:
            products.update(product, {"name": name, "stock": stock})
            self.rows[product] = ModelRow(product, name, self.rows[product].code)

    @rule(product=goods)
    def delete_product(self, product: str) -> None:
        if self.rows.pop(product, None):
            products.delete(product)

    @rule(person=people, product=goods, reference=codes)
    def import_order(self, person: str, product: str, reference: str) -> None:
        if person in self.rows and product in self.rows:
            customer, lamp = customers.require(person), products.require(product)
            try:
                order, is_new = imported_orders.record(a_past_order(customer, (lamp, 1, "1"), reference=reference))
            except CrmError:
                return
            if is_new:
                self.rows[order.id] = ModelRow(order.id, reference, reference)
                self.orders.append(order.id)

    @rule()
    def cancel_order(self) -> None:
        if self.orders:
            cancellation.cancel(self.orders.pop())

    @rule(name=names, email=emails)
    def crash_after_index_rows(self, name: str, email: str) -> None:
        """A customer's index rows without the customer."""
        half = customers.Customer(
            id="cus_" + "1" * 26,
            name=name,
            email=email,
            phone=None,
            created_at="",
            last_order=None,
            orders=0,
            token="t",
            updated_at="",
        )
        search_index.put_all([half])

    @rule(dying=st.booleans())
    def die_before_removals(self, dying: bool) -> None:  # noqa: FBT001 - Hypothesis gives it
        """From now on, old index rows stay, or are removed again."""
        self.patch.undo()
        if dying:
            self.patch.setattr(batch_writes, "discard", lambda *_: None)

    @rule()
    def check_index(self) -> None:
        check_whole_index()

    @rule()
    def lose_the_index(self) -> None:
        lose_index()
        check_whole_index()

    @rule(typed=typed_texts())
    def look(self, typed: str) -> None:
        assert ids_of(typed) == search_model.search(self.rows.values(), typed)


def test_search_agrees_with_a_plain_model_after_any_changes(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "BUCKETS", 2)
    Search.built = aws
    Search.TestCase.settings = hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=30)
    Search.TestCase().runTest()


@hypothesis_settings(max_examples=3 * EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), given_names=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=3))
def test_the_index_finds_whatever_matches_in_any_script(
    environment: Environment, data: st.DataObject, given_names: list[str]
) -> None:
    environment.memory.clear()
    made = []
    for name in given_names:
        try:
            made.append(a_product(name))
        except InvalidInput:
            continue
    words = [word for row in made for word in re.split(r"[\s'-]", row.name) if word]
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    typed = word[: data.draw(st.integers(1, len(word)))]
    parts = search_words.parse(typed)
    wanted = {row.id for row in made if parts and all(part.matches(row.words) for part in parts)}
    assert set(ids_of(typed)) == wanted
