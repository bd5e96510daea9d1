"""graphene-django on Lambda by apig-wsgi, on the database of Django's settings. This is the stack that this project replaces.

Its documentation offers no cache of documents, and its limit of the depth is all that it has. The list takes four
statements, and the view is without Django's check of forms.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import graphene
from apig_wsgi import make_lambda_handler
from django.core.wsgi import get_wsgi_application
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from graphene.utils.str_converters import to_snake_case
from graphene.validation import depth_limit_validator
from graphene_django import DjangoConnectionField, DjangoObjectType
from graphene_django.views import GraphQLView
from graphql import specified_rules

from benchmarks.peers.company import Company
from benchmarks.peers.django_models import KEYS, Customer, Order, OrderLine, Product, create_tables
from benchmarks.peers.key_check import OK
from benchmarks.peers.worker import Handler

_MAX_DEPTH = 12


class Moment(graphene.DateTime):
    """In UTC with a Z, as this project shows it."""

    @staticmethod
    def serialize(moment: datetime) -> str:
        return moment.isoformat().replace("+00:00", "Z")


class CustomerType(DjangoObjectType):
    class Meta:
        model = Customer
        fields = ("id", "name", "email", "phone")

    created_at = Moment(required=True)


class ProductType(DjangoObjectType):
    class Meta:
        model = Product
        fields = ("id", "name", "price")


class OrderType(DjangoObjectType):
    class Meta:
        model = Order
        fields = ("id", "customer", "total_amount")
        use_connection = True

    order_date = Moment(required=True)
    products = graphene.List(ProductType)

    def resolve_products(self, _info: Any) -> list[Product]:
        return [line.product for line in self.lines.all()]


class Query(graphene.ObjectType):
    hello = graphene.String()
    customer = graphene.Field(CustomerType, email=graphene.String(required=True))
    all_orders = DjangoConnectionField(OrderType, order_by=graphene.List(graphene.String))

    def resolve_hello(self, _info: Any) -> str:
        return "Hello, GraphQL!"

    def resolve_customer(self, _info: Any, email: str) -> Customer | None:
        return Customer.objects.filter(email=email).first()

    def resolve_all_orders(self, _info: Any, order_by: Iterable[str] = (), **_window: Any) -> Any:
        rows = Order.objects.select_related("customer").prefetch_related("lines__product")
        return rows.order_by(*map(to_snake_case, order_by))


class OrderLineInput(graphene.InputObjectType):
    product_id = graphene.ID(required=True)
    quantity = graphene.Int(required=True)


class CreateOrderInput(graphene.InputObjectType):
    customer_id = graphene.ID(required=True)
    lines = graphene.List(graphene.NonNull(OrderLineInput), required=True)


class CreateOrder(graphene.Mutation):
    class Arguments:
        input = CreateOrderInput(required=True)

    order = graphene.Field(OrderType)

    @transaction.atomic
    def mutate(self, _info: Any, input: Any) -> "CreateOrder":  # noqa: A002 - the argument's name
        customer = Customer.objects.get(pk=input.customer_id)
        products_by_id = Product.objects.in_bulk([line.product_id for line in input.lines])
        order = Order(id=f"ord_{uuid.uuid4().hex}", customer=customer, order_date=timezone.now())
        lines = [_taken(order, products_by_id[line.product_id], line.quantity) for line in input.lines]
        order.total_amount = sum((line.price * line.quantity for line in lines), Decimal(0))
        order.save(force_insert=True)
        OrderLine.objects.bulk_create(lines)
        models.prefetch_related_objects([order], "lines__product")
        return CreateOrder(order=order)


def _taken(order: Order, product: Product, quantity: int) -> OrderLine:
    enough = Product.objects.filter(pk=product.pk, stock__gte=quantity)
    if not enough.update(stock=models.F("stock") - quantity):
        raise ValueError(f"Not enough of {product.name!r} in stock")
    return OrderLine(order=order, product=product, quantity=quantity, price=product.price)


class Mutation(graphene.ObjectType):
    create_order = CreateOrder.Field()


_graphql = GraphQLView.as_view(
    schema=graphene.Schema(Query, Mutation),
    validation_rules=(*specified_rules, depth_limit_validator(_MAX_DEPTH)),
)


@csrf_exempt
def _with_key(request: HttpRequest) -> HttpResponse:
    status = KEYS.status(request.headers.get("authorization", ""))
    if status != OK:
        return JsonResponse({"errors": [{"message": "The API key is not valid"}]}, status=status)
    return _graphql(request)


urlpatterns = [path("graphql", _with_key)]


def begin(company: Company) -> Handler:
    create_tables(company)
    return make_lambda_handler(get_wsgi_application())
