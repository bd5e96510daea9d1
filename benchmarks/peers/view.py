"""A Chalice application with one view, for peers that ship none: JSON in, JSON out."""

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Chalice, Response

from benchmarks.peers.operations import Json
from benchmarks.peers.worker import Handler


def served(answer: Callable[[Json], Mapping[str, Any]]) -> Handler:
    app = Chalice("peer", configure_logs=False)

    @app.route("/graphql", methods=["POST"])
    def graphql() -> Response:
        sent = app.current_request
        assert sent is not None  # noqa: S101 - Chalice sets it before it calls a view
        return Response(answer(sent.json_body), {"Content-Type": "application/json"})

    return app
