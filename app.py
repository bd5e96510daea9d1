"""The map of the system: what answers HTTP."""

import os

if os.environ.get("AWS_CHALICE_CLI_MODE") == "true":  # only while developing: localdev is never packaged
    import localdev

    localdev.start()

from chalice.app import Chalice, Response

from chalicelib.api.http import Request, respond

app = Chalice(app_name="crm")


# Every method is routed here, as API Gateway would answer those it does not know with a 403.
@app.route("/graphql", methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], content_types=["*/*"])
def graphql() -> Response:
    sent = app.current_request
    assert sent is not None  # noqa: S101 - Chalice sets it before it calls a view
    answer = respond(Request(sent.method, sent.headers, sent.query_params or {}, sent.raw_body))
    return Response(answer.body, {**answer.headers}, answer.status)
