"""The tables of the peers on Django. Import it only once Django's settings are made."""

from datetime import datetime
from decimal import Decimal

from django.db import connection, models

from benchmarks.peers.company import Company
from benchmarks.peers.key_check import BURST, COST, KeyCheck


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


class ApiKey(models.Model):
    id = models.CharField(primary_key=True, max_length=40)
    digest = models.CharField(max_length=64)
    full_until = models.BigIntegerField(default=0)


def create_tables(company: Company) -> None:
    """Create the tables with the rows of the company in them."""
    with connection.schema_editor() as editor:
        for model in (Customer, Product, Order, OrderLine, ApiKey):
            editor.create_model(model)
    _load(company)


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
    ApiKey.objects.create(id=company["api_key"]["id"], digest=company["api_key"]["digest"])


def _find_digest(key_id: str) -> str | None:
    return ApiKey.objects.filter(pk=key_id).values_list("digest", flat=True).first()


def _take_token(key_id: str, now: int) -> bool:
    key = ApiKey.objects.filter(pk=key_id)
    was_full = key.filter(full_until__lte=now).update(full_until=now + COST)
    has_room = key.filter(full_until__lte=now + COST * (BURST - 1))
    return bool(was_full or has_room.update(full_until=models.F("full_until") + COST))


KEYS = KeyCheck(_find_digest, _take_token)
