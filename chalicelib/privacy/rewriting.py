"""Writes that take a person out of rows: each applies to the row as it was read, and only if it is still there."""

from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.store import batch_writes, reads
from chalicelib.store.reads import Item
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Transaction, new_token

_TEXT_FIELDS = frozenset({"text", "reason", "paused", "note"})
"""The fields of a row's content in which people and programs write sentences."""


def replace_content(item: Item, content: object) -> None:
    """Give a row of `ops` another content. Raises Stale if somebody else has changed it, Unavailable."""
    _change(item, "content", content)


def replace_reason(item: Item, reason: str) -> None:
    _change(item, "reason", reason)


def delete(item: Item) -> None:
    batch_writes.delete(AuxRow, [{name: item[name] for name in ("pk", "sk")}])


def redacted_fields(content: Any, redact: Any) -> Any:
    """Return a row's content with `redact` applied to the sentences in it, and everything else as it is."""
    if isinstance(content, list):
        return [redacted_fields(each, redact) for each in content]
    if not isinstance(content, Mapping):
        return content
    return {
        name: redact(value) if name in _TEXT_FIELDS and isinstance(value, str) else redacted_fields(value, redact)
        for name, value in content.items()
    }


def _change(item: Item, name: str, value: object) -> None:
    pk, sk = item["pk"]["S"], item["sk"]["S"]
    attribute = getattr(AuxRow, name)
    before = reads.json_of(item, name) if name == "content" else reads.text(item, name)
    actions: list[Action] = [attribute.set(value)]
    if "token" in item:
        actions.append(AuxRow.token.set(new_token()))  # so that nobody writes the old text again

    def was_applied() -> bool:
        stored = reads.get_op(pk, sk)
        if stored is None:
            return True  # it has expired
        return (reads.json_of(stored, name) if name == "content" else reads.text(stored, name)) == value

    write = Transaction(was_applied)
    write.update(AuxRow(pk=pk, sk=sk), actions, attribute == before)
    write.commit()
