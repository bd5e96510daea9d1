"""A Django CRM: models, migrations and a Relay API of graphene-django. It runs in a process and an environment of its own.

    python django_site.py DIRECTORY < documents.json

makes DIRECTORY/db.sqlite3 by `makemigrations` and `migrate`, fills it, and prints the answers to the documents.
"""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command

DIRECTORY = Path(sys.argv[1])
sys.modules["django_site"] = sys.modules["__main__"]  # the models belong to one module only


class Crm(AppConfig):
    name = "django_site"
    label = "crm"
    path = str(Path(__file__).parent)
    default_auto_field = "django.db.models.BigAutoField"


settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DIRECTORY / "db.sqlite3"}},
    INSTALLED_APPS=["graphene_django", "django_site.Crm"],
    MIGRATION_MODULES={"crm": "crm_migrations"},
    SECRET_KEY="only a test",
    USE_TZ=True,
)
(DIRECTORY / "crm_migrations").mkdir()
(DIRECTORY / "crm_migrations" / "__init__.py").touch()
sys.path.append(str(DIRECTORY))
django.setup()

# ruff: noqa: E402 - they need the settings
import graphene
from django.db import models
from graphene_django import DjangoConnectionField, DjangoObjectType
from graphene_django.utils import maybe_queryset


class Customer(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)
    phone = models.CharField(max_length=20, blank=True, null=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "crm"


class Product(models.Model):
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "crm"


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    products = models.ManyToManyField(Product)
    total_amount = models.DecimalField(max_digits=10, decimal_places=2)
    order_date = models.DateTimeField()

    class Meta:
        app_label = "crm"


class ProductType(DjangoObjectType):
    class Meta:
        model = Product
        interfaces = (graphene.relay.Node,)
        fields = ("name", "price", "stock")


class OrderType(DjangoObjectType):
    class Meta:
        model = Order
        interfaces = (graphene.relay.Node,)
        fields = ("customer", "total_amount", "order_date")

    products = graphene.List(ProductType)

    def resolve_products(self, _info: Any) -> Any:
        return self.products.all()


class CustomerType(DjangoObjectType):
    class Meta:
        model = Customer
        interfaces = (graphene.relay.Node,)
        fields = ("name", "email", "phone", "created_at")

    orders = DjangoConnectionField(OrderType, total_amount_gte=graphene.Decimal())

    def resolve_orders(self, _info: Any, total_amount_gte: Decimal | None = None, **_page: Any) -> Any:
        rows = maybe_queryset(self.orders).order_by("order_date")
        return rows if total_amount_gte is None else rows.filter(total_amount__gte=total_amount_gte)


def ordered(rows: Any, order_by: Iterable[str]) -> Any:
    return rows.order_by(*order_by, "pk")


class Query(graphene.ObjectType):
    hello = graphene.String()
    customers = graphene.List(CustomerType)
    orders = graphene.List(OrderType)
    all_customers = DjangoConnectionField(
        CustomerType,
        name=graphene.String(),
        created_at_gte=graphene.Date(),
        order_by=graphene.List(graphene.String),
    )
    all_products = DjangoConnectionField(
        ProductType, low_stock=graphene.Boolean(), order_by=graphene.List(graphene.String)
    )
    all_orders = DjangoConnectionField(
        OrderType,
        order_date_after=graphene.Date(),
        total_amount_gte=graphene.Decimal(),
        customer_name=graphene.String(),
        product_name=graphene.String(),
    )

    def resolve_hello(self, _info: Any) -> str:
        return "Hello, GraphQL!"

    def resolve_customers(self, _info: Any) -> Any:
        return Customer.objects.all()

    def resolve_orders(self, _info: Any) -> Any:
        return Order.objects.all()

    def resolve_all_customers(
        self, _info: Any, name: str = "", created_at_gte: date = date.min, order_by: Iterable[str] = (), **_page: Any
    ) -> Any:
        start = datetime.combine(max(created_at_gte, date(1, 1, 2)), datetime.min.time(), UTC)
        return ordered(Customer.objects.filter(name__icontains=name, created_at__gte=start), order_by)

    def resolve_all_products(
        self, _info: Any, *, low_stock: bool = False, order_by: Iterable[str] = (), **_page: Any
    ) -> Any:
        rows = Product.objects.filter(stock__lt=10) if low_stock else Product.objects.all()
        return ordered(rows, order_by)

    def resolve_all_orders(self, _info: Any, **given: Any) -> Any:
        lookups = {
            "order_date_after": "order_date__date__gte",
            "total_amount_gte": "total_amount__gte",
            "customer_name": "customer__name__icontains",
            "product_name": "products__name__icontains",
        }
        wanted = {lookups[name]: value for name, value in given.items() if name in lookups}
        return Order.objects.filter(**wanted).distinct().order_by("order_date")


def fill() -> None:
    people = [
        Customer.objects.create(
            name=name, email=f"{name.split()[0].lower()}@example.com", phone=phone, created_at=at(created)
        )
        for name, phone, created in (
            ("Ali Old", "123-456-7890", "2024-12-31T23:59:59"),
            ("Alice Lee", "+1 555 123 4567", "2025-01-02T10:00:00.123456"),
            ("Natalie", None, "2025-02-03T00:00:00"),
            ("Bob", "", "2025-02-04T23:59:59"),
        )
    ]
    goods = [
        Product.objects.create(name=name, price=price, stock=stock)
        for name, price, stock in (("Lamp", "19.99", 5), ("Pen", "1.10", 0), ("Caf\u00e9 table", "250.00", 40))
    ]
    for customer, bought, total, day in (
        (1, (0, 1), "21.09", "2025-03-01T08:30:00"),
        (2, (0,), "18.00", "2025-03-02T09:00:00.500000"),
        (1, (2, 1), "251.10", "2025-03-08T00:00:00"),
        (3, (), "5.25", "2025-03-09T23:59:59"),
    ):
        order = Order.objects.create(customer=people[customer], total_amount=total, order_date=at(day))
        order.products.set([goods[each] for each in bought])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


if __name__ == "__main__":
    call_command("makemigrations", "crm", verbosity=0)
    call_command("migrate", verbosity=0)
    fill()
    schema = graphene.Schema(Query)
    answers = [schema.execute(each["query"], variables=each.get("variables")) for each in json.load(sys.stdin)]
    print(json.dumps([answer.formatted for answer in answers]))
