"""A fake API over real HTTP: three bulk mutations in memory, and injected faults."""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
CUSTOMER: Json = {"inactiveFrom": "2027-11-28", "lastOrderAt": None}
Fault = Callable[["Handler"], bool]
"""Responds in place of the API. Returns True if the request must not be executed."""


class FakeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/graphql"
        self.rows: dict[str, dict[str, Json]] = {"customers": {}, "products": {}, "orders": {}}
        self.requests: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.faults: deque[Fault | None] = deque()
        self.row_errors: dict[str, deque[str]] = {}
        """Error codes by row key. Each attempt takes the next code, until the row is accepted."""
        self.currency = "USD"
        self.request_seconds = 0.0
        self.max_in_flight = 0
        self.in_flight = 0
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: tests hang up on purpose."""

    def inputs(self, mutation: str) -> list[list[Json]]:
        return [body["variables"]["input"] for body in self.requests if mutation in body["query"]]

    def execute(self, body: Json) -> Json:
        for mutation, kind in (("updateCustomer", "customers"), ("updateProduct", "products")):
            if mutation in body["query"]:
                return {"data": {mutation: self._update(kind, body["variables"])}}
        if body["query"].startswith("query Settings"):
            return {"data": {"settings": {"timeZone": "UTC", "currency": self.currency}}}
        if body["query"].startswith("query"):
            return {"data": self._find(body)}
        rows = body["variables"]["input"]
        for mutation, keep in (
            ("bulkCreateCustomers", self._customer),
            ("bulkCreateProducts", self._product),
            ("bulkCreateOrders", self._order),
        ):
            if mutation in body["query"]:
                results = [{"index": index, "error": None, **keep(row)} for index, row in enumerate(rows)]
                return {"data": {mutation: {"results": results}}}
        raise AssertionError(body["query"])

    def _find(self, body: Json) -> Json:
        """Answer single rows by e-mail address, SKU or reference, in documents as `crmctl.existing_rows` writes them."""
        found: Json = {}
        for alias, field, argument, variable in re.findall(r"(r\d+): (\w+)\((\w+): \$(k\d+)\)", body["query"]):
            key = body["variables"][variable]
            if (field, argument) == ("customer", "reference"):
                key = next((k for k, row in self.rows["customers"].items() if row.get("reference") == key), "")
            row = self.rows[f"{field}s"].get(key.casefold() if field == "customer" else key)
            if row and field == "order":
                row = shown_order(row)
            found[alias] = None if row is None else {"id": key, "phone": None, "phoneNote": None, "stock": 0, **row}
        return found

    def _customer(self, row: Json) -> Json:
        if "@" not in row["email"]:
            return error("INVALID_EMAIL", "Invalid email format. Use name@example.com", "email")
        return self._keep("customers", row["email"].casefold(), row, "DUPLICATE_EMAIL")

    def _product(self, row: Json) -> Json:
        if float(row["price"]) <= 0:
            return error("INVALID_PRICE", "Price must be positive", "price")
        return self._keep("products", row["sku"], row, "DUPLICATE_SKU")

    def _order(self, row: Json) -> Json:
        if row["customerEmail"].casefold() not in self.rows["customers"]:
            return error("INVALID_CUSTOMER_ID", "Invalid customer ID", "customerEmail")
        return self._keep("orders", row["reference"], row, None)

    def _keep(self, kind: str, key: str, row: Json, exists_code: str | None) -> Json:
        if self.row_errors.get(key):
            return error(self.row_errors[key].popleft(), "Temporary failure.", None)
        with self.lock:
            existing = self.rows[kind].get(key)
            if existing is None:
                self.rows[kind][key] = row
        result = {"id": key, "created": existing is None}
        if kind == "customers":
            result["customer"] = CUSTOMER
        if existing is None or exists_code is None:
            return result
        return {
            **result,
            "existing": {"stock": 0, "phoneNote": None, **CUSTOMER, **existing},
            **error(exists_code, "It exists already", None),
        }

    def _update(self, kind: str, variables: Json) -> Json:
        with self.lock:
            self.rows[kind][variables["id"]] |= variables["input"]
        return {"id": variables["id"]}


def shown_order(row: Json) -> Json:
    lines = [{**line, "product": {"sku": line["sku"]}} for line in row["lines"]]
    adjustments = row.get("adjustments", [])
    total = sum(line["quantity"] * Decimal(line["unitPrice"]) for line in lines)
    total += sum(Decimal(each["amount"]) for each in adjustments)
    shown = {"totalAmount": str(total), "customer": {"id": row["customerEmail"], "email": row["customerEmail"]}}
    day = row["orderDate"]
    return {**shown, "orderDate": day if "T" in day else f"{day}T00:00:00Z", "lines": lines, "adjustments": adjustments}


def error(code: str, message: str, field: str | None) -> Json:
    return {"error": {"code": code, "message": message, "field": field}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # Nagle's algorithm would cost 40 ms per request
    wbufsize = -1
    server: FakeApi
    body: Json

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(self.body)
            self.server.headers.append(dict(self.headers))
            fault = self.server.faults.popleft() if self.server.faults else None
            self.server.in_flight += 1
            self.server.max_in_flight = max(self.server.max_in_flight, self.server.in_flight)
        time.sleep(self.server.request_seconds)
        if not (fault and fault(self)):
            self.reply(200, json.dumps(self.server.execute(self.body)))
        with self.server.lock:
            self.server.in_flight -= 1

    def reply(self, status: int, text: str, kind: str = "application/json", **headers: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)


def responds(status: int, text: str = "", kind: str = "application/json", **headers: str) -> Fault:
    def fault(handler: Handler) -> bool:
        handler.reply(status, text, kind, **headers)
        return True

    return fault


def refuses(message: str, code: str, status: int = 200, **data: Any) -> Fault:
    body = {"errors": [{"message": message, "extensions": {"code": code}}], **data}
    return responds(status, json.dumps(body))


def drops_connection(handler: Handler) -> bool:
    handler.close_connection = True
    return True


def loses_response(handler: Handler) -> bool:
    handler.server.execute(handler.body)
    return drops_connection(handler)


def cuts_response(handler: Handler) -> bool:
    text = json.dumps(handler.server.execute(handler.body))
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text[:10].encode())
    return drops_connection(handler)


def rejects_batches_above(records: int) -> Fault:
    def fault(handler: Handler) -> bool:
        handler.server.faults.appendleft(fault)
        if len(handler.body["variables"]["input"]) <= records:
            return False
        handler.reply(413, "{}")
        return True

    return fault


@contextmanager
def running_api() -> Iterator[FakeApi]:
    with FakeApi() as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()
