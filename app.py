"""The map of the system: what answers HTTP, and (later) what runs when."""

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
    request = app.current_request
    answer = respond(
        Request(request.method, request.headers, request.query_params or {}, request.raw_body)
    )
    return Response(answer.body, answer.headers, answer.status)
