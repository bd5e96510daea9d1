"""What all contestants are asked, word for word, and as which event it reaches them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.company import Company

Json = dict[str, Any]
_CONTEXT = {
    "resourcePath": "/graphql",
    "path": "/api/graphql",
    "httpMethod": "POST",
    "stage": "api",
    "protocol": "HTTP/1.1",
    "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "identity": {"sourceIp": "203.0.113.7", "userAgent": "crm-client/1.0"},
}
_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "Host": "127.0.0.1",
    "User-Agent": "crm-client/1.0",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """
    The shorter it takes, the more `rounds` are needed for a least time that stays.
    `differs` are the paths in the answer that each contestant fills in its own way: they are not compared.
    """

    name: str
    title: str
    rounds: int
    document: str
    variables: Callable[[Company], Json] = lambda _company: {}
    differs: tuple[str, ...] = ()

    def body(self, company: Company) -> str:
        return json.dumps({"query": self.document, "variables": self.variables(company)})

    def comparable(self, answer: Json) -> Json:
        """Raises KeyError if the answer lacks what may differ."""
        copy: Json = json.loads(json.dumps(answer))
        for path in self.differs:
            *above, last = path.split(".")
            inner = copy
            for name in above:
                inner = inner[name]
            del inner[last]
        return copy


def _order(company: Company) -> Json:
    lines = [{"productId": row["id"], "quantity": 1 + number} for number, row in enumerate(company["products"][:2])]
    return {"input": {"customerId": company["customers"][0]["id"], "lines": lines}}


OPERATIONS = (
    Operation(
        "orders",
        "100 orders with customer and products",
        30,
        """{ allOrders(first: 100, orderBy: ["-orderDate"]) {
  edges { node { id orderDate totalAmount customer { id name email } products { id name price } } }
  pageInfo { hasNextPage endCursor } } }""",
        differs=("allOrders.pageInfo.endCursor",),
    ),
    Operation(
        "customer",
        "one customer by e-mail",
        30,
        "query ($email: String!) { customer(email: $email) { id name email phone createdAt } }",
        lambda company: {"email": company["customers"][-1]["email"]},
    ),
    Operation("hello", "hello", 40, "{ hello }"),
    # The last one: the orders that it places would be among those that are listed.
    Operation(
        "create_order",
        "create an order of two lines",
        20,
        """mutation ($input: CreateOrderInput!) { createOrder(input: $input) {
  order { id orderDate totalAmount customer { id name email } products { id name price } } } }""",
        _order,
        differs=("createOrder.order.id", "createOrder.order.orderDate"),
    ),
)


HELLO = json.dumps({"query": "{ hello }", "variables": {}})
TOO_LONG = json.dumps({"query": "{" + " ".join(f"a{number}: hello" for number in range(1000)) + "}", "variables": {}})
"""A document that everybody refuses who limits what a document may ask for."""


def event(body: str, key: str = "") -> Json:
    """As API Gateway's REST API hands a request to Lambda, with an API key if there is one."""
    headers = _HEADERS | {"Authorization": f"Bearer {key}"} if key else {**_HEADERS}
    return {
        "resource": "/graphql",
        "path": "/graphql",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [text] for name, text in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {**_CONTEXT},
        "body": body,
        "isBase64Encoded": False,
    }
