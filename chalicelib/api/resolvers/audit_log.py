"""Resolvers of the audit log."""

import json
from collections.abc import Mapping
from typing import Unpack

from chalicelib.access import audit_log
from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.arguments import PageArguments, page_args
from chalicelib.store.change_log import Change
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.pagination import Page, read_page


def entries(
    _root: object, _info: Info, actor: str | None = None, subject: str | None = None, **page: Unpack[PageArguments]
) -> Page[Change]:
    return read_page(audit_log.list_changes(actor, subject), page_args(page))


def entry_id(change: Change, _info: Info) -> str:
    return change.id.replace(SEPARATOR, ":")


def before(change: Change, _info: Info) -> str | None:
    return _as_json(change.before)


def after(change: Change, _info: Info) -> str | None:
    return _as_json(change.after)


def _as_json(values: Mapping[str, object] | None) -> str | None:
    return None if values is None else json.dumps(values, ensure_ascii=False)
