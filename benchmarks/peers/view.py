"""A Chalice application with one view, for peers that ship none: JSON in, JSON out, and a check of the API key if there is one."""

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Chalice, Response

from benchmarks.peers.key_check import OK
from benchmarks.peers.operations import Json
from benchmarks.peers.worker import Handler

_JSON: dict[str, str | list[str]] = {"Content-Type": "application/json"}


def served(answer: Callable[[Json], Mapping[str, Any]], key_status: Callable[[str], int] | None = None) -> Handler:
    """`key_status` returns the HTTP status for an Authorization header."""
    app = Chalice("peer", configure_logs=False)

    @app.route("/graphql", methods=["POST"])
    def graphql() -> Response:
        sent = app.current_request
        assert sent is not None  # noqa: S101 - Chalice sets it before it calls a view
        status = key_status(sent.headers.get("authorization", "")) if key_status else OK
        if status != OK:
            return Response({"errors": [{"message": "The API key is not valid"}]}, _JSON, status)
        return Response(answer(sent.json_body), _JSON)

    return app
