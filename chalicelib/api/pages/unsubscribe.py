"""The page by which a recipient unsubscribes, at /unsubscribe?token=...: it needs no key, only the token of the e-mail.

    GET  --> a page with a button: programs that follow every link in an e-mail unsubscribe nobody
    POST --> unsubscribed: by that button, or by the recipient's mail program in one click (RFC 8058)

The token is in the query, because access logs and traces keep the path of an address but not its query. The body of a POST
is not read: mail programs send it in several formats, and the token says everything.
"""

from html import escape

from chalicelib import clock, telemetry
from chalicelib.api.http.http_types import Request, Response
from chalicelib.crm import email_suppressions, unsubscribe_tokens
from chalicelib.crm.email_suppressions import Reason
from chalicelib.errors import Unavailable

TOKEN = "token"  # noqa: S105 - the name of the parameter
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_BUTTON = '<form method="post"><button name="List-Unsubscribe" value="One-Click">Unsubscribe</button></form>'


def serve(request: Request) -> Response:
    try:
        return _serve(request)
    except Unavailable as error:
        telemetry.warn("an address could not be unsubscribed: the database is unavailable", exc_info=error)
        return _page(503, "Try again", "This does not work at the moment. Please try again in a minute.", retry=True)


def _serve(request: Request) -> Response:
    digest = unsubscribe_tokens.digest_in(request.query.get(TOKEN, ""))
    if digest is None:
        return _page(404, "Not found", "This link is not complete. Copy the whole link from the e-mail.")
    if request.method != "POST":
        return _page(200, "Unsubscribe", "Stop e-mails about your orders?", _BUTTON)
    email_suppressions.suppress_digest(digest, Reason.UNSUBSCRIBE, clock.now())
    return _page(200, "Unsubscribed", "You will get no more e-mails about your orders.")


def _page(status: int, title: str, sentence: str, form: str = "", *, retry: bool = False) -> Response:
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>{form}</html>"
    )
    return Response(status, body, _HEADERS | ({"Retry-After": "60"} if retry else {}))
