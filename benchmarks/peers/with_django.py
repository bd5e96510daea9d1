"""graphene-django on SQLite, what this project replaces, on Lambda by apig-wsgi.

Its documentation offers no cache of documents. Nothing is in the way of a request: no middleware, no log, the rows in
memory, the list in four statements, and the view without Django's check of forms.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings

from benchmarks.peers.company import Company
from benchmarks.peers.worker import Handler


class Crm(AppConfig):
    name = __name__
    label = "crm"


settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["graphene_django", f"{__name__}.Crm"],
    LOGGING_CONFIG=None,
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only measured",  # noqa: S106
    USE_TZ=True,
)
django.setup()

# ruff: noqa: E402 - they need the settings
import graphene
from apig_wsgi import make_lambda_handler
from django.core.wsgi import get_wsgi_application
from django.db import connection, models, transaction
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from graphene.utils.str_converters import to_snake_case
from graphene_django import DjangoConnectionField, DjangoObjectType
from graphene_django.views import GraphQLView


class Customer(models.Model):
    id = models.CharField(primary_key=True, max_length=40)
    name = models.CharField(max_length=200)
    email = models.EmailField(unique=True)
    phone = models.CharField(max_length=40, null=True)
    created_at = models.DateTimeField()


class Product(models.Model):
    id = models.CharField(primary_key=True, max_length=40)
    name = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=14, decimal_places=2)
    stock = models.PositiveIntegerField()


class Order(models.Model):
    id = models.CharField(primary_key=True, max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    order_date = models.DateTimeField(db_index=True)
    total_amount = models.DecimalField(max_digits=14, decimal_places=2)


class OrderLine(models.Model):
    class Meta:
        ordering = ("id",)

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=14, decimal_places=2)


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


urlpatterns = [path("graphql", csrf_exempt(GraphQLView.as_view(schema=graphene.Schema(Query, Mutation))))]


def begin(company: Company) -> Handler:
    with connection.schema_editor() as editor:
        for model in (Customer, Product, Order, OrderLine):
            editor.create_model(model)
    _load(company)
    return make_lambda_handler(get_wsgi_application())


def _load(company: Company) -> None:
    moment = datetime.fromisoformat
    Customer.objects.bulk_create(
        Customer(**{**row, "created_at": moment(row["created_at"])}) for row in company["customers"]
    )
    Product.objects.bulk_create(Product(**{**row, "price": Decimal(row["price"])}) for row in company["products"])
    for row in company["orders"]:
        order = Order(row["id"], row["customer"], moment(row["date"]), Decimal(row["total"]))
        order.save(force_insert=True)
        OrderLine.objects.bulk_create(
            OrderLine(order=order, product_id=line["product"], quantity=line["quantity"], price=Decimal(line["price"]))
            for line in row["lines"]
        )
