"""A schema with one of everything, and rows for it: valid ones, and ones that break the schema."""

from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

from graphql import build_schema, default_field_resolver

from chalicelib.api.graphql.row_resolvers import ContextResolver, RowResolver

SDL = """
interface Named { name: String! }
type Person implements Named {
  id: ID! name: String! age: Int weight: Float! active: Boolean mood: Mood
  friend: Person friends(first: Int = 2, of: [Mood!], who: Who): [Person!] tags: [String!]! grid: [[Int!]]
  odd: Odd thing: Thing named: Named! computed: String! known: Person greeted(by: String! = "me", loud: Boolean): String
}
type Dog implements Named { name: String! owner: Person! barks: Boolean! }
scalar Odd
union Thing = Person | Dog
enum Mood { GOOD BAD }
input Who { name: String mood: Mood = GOOD }
type Query { me: Person you: Person! all: [Person] dogs: [Dog!]! thing: Thing named: Named hello: String! }
type Mutation { make: Person made: [Dog!] }
"""
SCHEMA = build_schema(SDL)


def _greeted(person: Any, info: Any, **arguments: Any) -> str:
    """Return everything that a resolver gets."""
    of = person.get("name") if isinstance(person, dict) else person.name
    path = [info.path.as_list(), info.field_name, info.parent_type.name, str(info.return_type), len(info.field_nodes)]
    return f"{of} {sorted(arguments.items())} {path} {info.operation.operation} {info.context}"


def _friends(person: Any, info: Any, first: int, of: Any = (), **_arguments: Any) -> Any:
    """Change the arguments, as a resolver may. No other call may see the change."""
    found = default_field_resolver(person, info)
    if isinstance(of, list):
        of.append("GOOD")
    return found[: first + len(of) - 2] if isinstance(found, list) else found


def _read(row: Any) -> Any:
    return row["computed"] if isinstance(row, dict) else row.computed


def _known(row: Any, context: Any) -> Any:
    """Return a row of its own for each context."""
    found = row["friend"] if isinstance(row, dict) else row.friend
    return {"id": context, "name": context, "friend": found}


for _kind, _field, _resolve in (
    ("Person", "greeted", _greeted),
    ("Person", "friends", _friends),
    ("Person", "computed", RowResolver(_read)),
    ("Person", "known", ContextResolver(_known)),
):
    SCHEMA.type_map[_kind].fields[_field].resolve = _resolve  # type: ignore[attr-defined]
SCHEMA.type_map["Odd"].coerce_output_value = lambda value: value if value % 2 else None  # type: ignore[attr-defined]
# One of the two types of a union is recognised by its name, the other by asking it. Dogs are always asked.
SCHEMA.type_map["Dog"].is_type_of = lambda row, _info: "barks" in row  # type: ignore[attr-defined]

WRONG: tuple[Any, ...] = (ValueError("broken"), "text", -(2**40), 1.5, True, [1], {"a": 1})


class Objectlike(SimpleNamespace):
    """A row whose fields are attributes. It names its type as graphql-core expects."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(**fields)
        self._Objectlike__typename = fields["__typename"]

    def __contains__(self, name: str) -> bool:
        return hasattr(self, name)


class World:
    """Random rows: mostly valid, sometimes null, an error, or a value of the wrong type."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._faults = self._chance.choice((0.0, 0.02, 0.1))

    def root(self) -> dict[str, Any]:
        return {
            "me": self._maybe(self._person, 3),
            "you": self._maybe(self._person, 3),
            "all": self._many(self._person, 2),
            "dogs": self._many(self._dog, 2),
            "thing": self._maybe(self._thing, 2),
            "named": self._maybe(self._thing, 2),
            "hello": self._maybe(str, "hello"),
            "make": self._maybe(self._person, 2),
            "made": self._many(self._dog, 1),
        }

    def _maybe(self, make: Callable[..., Any], *arguments: Any) -> Any:
        if self._chance.random() < self._faults:
            return self._chance.choice((None, *WRONG))
        return make(*arguments)

    def _many(self, make: Callable[..., Any], depth: int) -> Any:
        return self._maybe(lambda: [self._maybe(make, depth) for _ in range(self._chance.randrange(4))])

    def _name(self) -> Any:
        """A field of a row may be a method, which gets the info."""
        name = self._chance.choice(("Ann", "Bob"))
        return name if self._chance.random() < 0.8 else lambda info, **_arguments: f"{name} {info.path.as_list()}"

    def _thing(self, depth: int) -> Any:
        return self._chance.choice((self._person, self._dog))(depth)

    def _person(self, depth: int) -> Any:
        chance = self._chance
        row = {
            "__typename": "Person",
            "id": self._maybe(chance.choice, (7, "p7")),
            "name": self._maybe(self._name),
            "age": self._maybe(chance.choice, (7, None)),
            "weight": self._maybe(chance.choice, (7, 7.5)),
            "active": self._maybe(chance.choice, (True, False)),
            "mood": self._maybe(chance.choice, ("GOOD", "BAD", None)),
            "friend": self._maybe(self._person, depth - 1) if depth else None,
            "friends": self._many(self._person, depth - 1) if depth else [],
            "odd": self._maybe(chance.choice, (1, 1, 2)),
            "tags": self._maybe(chance.choice, (["a", "b"], ("a",), [], ["a", None])),
            "grid": self._maybe(lambda: [self._many(lambda _: 7, 0) for _ in range(2)]),
            "thing": self._maybe(self._thing, depth - 1) if depth else None,
            "named": self._maybe(self._thing, depth - 1) if depth else self._dog(0),
            "computed": self._maybe(str, "computed"),
        }
        return row if chance.random() < 0.5 else Objectlike(row)

    def _dog(self, depth: int) -> Any:
        return {
            "__typename": self._chance.choice(("Dog",) * 9 + ("Cat",)),
            "name": self._maybe(str, "Rex"),
            "owner": self._maybe(self._person, depth - 1) if depth else None,
            "barks": self._maybe(self._chance.choice, (True, False)),
        }
