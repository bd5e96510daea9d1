"""What the resolvers of one execution share: the caller, and rows that are read in batches, once each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from graphql import GraphQLResolveInfo

from chalicelib.access.authorization import Caller
from chalicelib.crm import customers, email_suppressions, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.email_suppressions import Suppression
from chalicelib.crm.products import Product
from chalicelib.settings import settings
from chalicelib.store.read_budget import ReadBudget

Row = TypeVar("Row")
Execute: TypeAlias = Callable[[str, Mapping[str, object]], dict[str, Any]]
"""(document, variables) -> {data, errors}"""


class Loader(Generic[Row]):
    """Reads rows by id, in batches.

    Lists announce with `expect` which rows their entries may need. The first `get` reads all of them at once.
    """

    def __init__(self, fetch: Callable[[Iterable[str]], dict[str, Row]]) -> None:
        self._fetch = fetch
        self._wanted: dict[str, None] = {}
        self._rows: dict[str, Row | None] = {}

    def expect(self, ids: Iterable[str]) -> None:
        self._wanted.update(dict.fromkeys(key for key in ids if key not in self._rows))

    def prime(self, rows: Mapping[str, Row]) -> None:
        """Store rows that were read elsewhere, so that they are not read again."""
        self._rows.update(rows)
        for row_id in rows:
            self._wanted.pop(row_id, None)

    def rows(self) -> list[Row]:
        """Return the rows that are known by now."""
        return [row for row in self._rows.values() if row is not None]

    def clear(self) -> None:
        """Forget all rows, because they may have changed."""
        self._rows.clear()
        self._wanted.clear()

    def has(self, row_id: str) -> bool:
        return row_id in self._rows

    def load_many(self, ids: Sequence[str]) -> list[Row | None]:
        rows = self._rows
        try:
            return [rows[row_id] for row_id in ids]
        except KeyError:
            self.expect(ids)
            return [self.get(row_id) for row_id in ids]

    def get(self, row_id: str) -> Row | None:
        if row_id not in self._rows:
            self.expect([row_id])
            found = self._fetch(self._wanted)
            self._rows.update({key: found.get(key) for key in self._wanted})
            self._wanted.clear()
        return self._rows[row_id]


@dataclass(frozen=True, slots=True)
class Context:
    caller: Caller
    execute: Execute
    """Runs another document in this process, as this caller.

    The preview of a job uses it: a preview writes nothing, and must show callers only what they may see themselves.
    """
    read_budget: ReadBudget = field(
        default_factory=lambda: ReadBudget(rows=settings.rows_per_request, calls=settings.calls_per_request)
    )
    """What all lists and loaders of a query may read together."""
    customers: Loader[Customer] = field(default_factory=lambda: Loader(customers.find_all))
    products: Loader[Product] = field(default_factory=lambda: Loader(products.find_all))
    suppressions: Loader[Suppression] = field(default_factory=lambda: Loader(email_suppressions.find_all))
    """By e-mail address."""
    old_ids: dict[str, str] = field(default_factory=dict)
    """The id of today for each id of the Django CRM that the document has."""


Info: TypeAlias = GraphQLResolveInfo[Context]


def context_of(info: Info) -> Context:
    return info.context
