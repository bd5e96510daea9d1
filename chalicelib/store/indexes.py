"""The indexes of the tables. Each projects keys only, see `tables`."""

from typing import TYPE_CHECKING

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

if TYPE_CHECKING:
    from chalicelib.store.tables import AuxRow, Customer, Order, Product, Run  # noqa: F401 - in the types of the indexes


# pynamodb's Index.__init_subclass__ is untyped, hence the ignores on every index.
class CustomersByActivity(GlobalSecondaryIndex["Customer"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_activity"
        projection = KeysOnlyProjection()

    activity_shard = UnicodeAttribute(hash_key=True, attr_name="act_s")
    activity_key = UnicodeAttribute(range_key=True, attr_name="act_k")


class CustomersByCreated(GlobalSecondaryIndex["Customer"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_created"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    created_key = UnicodeAttribute(range_key=True, attr_name="created_k")


class CustomersByName(GlobalSecondaryIndex["Customer"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_name"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    name_key = UnicodeAttribute(range_key=True, attr_name="name_k")


class CustomersByPhone(GlobalSecondaryIndex["Customer"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_phone"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    phone_key = UnicodeAttribute(range_key=True, attr_name="phone_k")


class CustomersByUpdated(GlobalSecondaryIndex["Customer"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_updated"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    updated_key = UnicodeAttribute(range_key=True, attr_name="updated_k")


class ProductsByStock(GlobalSecondaryIndex["Product"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_stock"
        projection = KeysOnlyProjection()

    stock_shard = UnicodeAttribute(hash_key=True, attr_name="stock_s")
    stock = NumberAttribute(range_key=True)


class ProductsByPrice(GlobalSecondaryIndex["Product"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_price"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    price_key = UnicodeAttribute(range_key=True, attr_name="price_k")


class ProductsByName(GlobalSecondaryIndex["Product"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_name"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    name_key = UnicodeAttribute(range_key=True, attr_name="name_k")


class ProductsByUpdated(GlobalSecondaryIndex["Product"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_updated"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    updated_key = UnicodeAttribute(range_key=True, attr_name="updated_k")


class OrdersByCustomer(GlobalSecondaryIndex["Order"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_customer"
        projection = KeysOnlyProjection()

    customer_id = UnicodeAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True, attr_name="date_k")


class OrdersByDate(GlobalSecondaryIndex["Order"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_date"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    date_key = UnicodeAttribute(range_key=True, attr_name="date_k")


class OrdersByTotal(GlobalSecondaryIndex["Order"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_total"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    total_key = UnicodeAttribute(range_key=True, attr_name="total_k")


class OrdersByUpdated(GlobalSecondaryIndex["Order"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_updated"
        projection = KeysOnlyProjection()

    list_shard = UnicodeAttribute(hash_key=True, attr_name="list_s")
    updated_key = UnicodeAttribute(range_key=True, attr_name="updated_k")


class ChangesByTime(GlobalSecondaryIndex["AuxRow"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_change"
        projection = KeysOnlyProjection()

    change_log = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class RunsByTime(GlobalSecondaryIndex["Run"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_time"
        projection = KeysOnlyProjection()

    status = UnicodeAttribute(hash_key=True)
    slot = UnicodeAttribute(range_key=True)
