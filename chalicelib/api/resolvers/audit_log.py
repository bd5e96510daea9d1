"""Resolvers of the audit log."""

import json
from collections.abc import Mapping

from chalicelib.access import audit_log
from chalicelib.api.graphql.loaders import Info
from chalicelib.store.change_log import Change
from chalicelib.store.pagination import Page, PageArgs, read_page


def entries(
    _root: object,
    _info: Info,
    *,
    first: int | None = None,
    after: str | None = None,
    actor: str | None = None,
    subject: str | None = None,
) -> Page[Change]:
    return read_page(audit_log.list_changes(actor, subject), PageArgs(first=first, after=after))


def before(change: Change, _info: Info) -> str | None:
    return _as_json(change.before)


def after(change: Change, _info: Info) -> str | None:
    return _as_json(change.after)


def _as_json(values: Mapping[str, object] | None) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False)
