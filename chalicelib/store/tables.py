"""The tables as pynamodb models: the only definition, from which development, tests and production create their tables.

Sort keys of list indexes are unique strings (see `index_keys`), except `stock`: it must stay a number, because orders add
to it. Indexes project keys only, so a write to stock or counters changes no other index.
A row without an index's attributes is not in that index. This is how archived products leave every list.
"""

from pynamodb.attributes import JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.settings import settings
from chalicelib.store.indexes import (
    ChangesByTime,
    CustomersByActivity,
    CustomersByCreated,
    CustomersByName,
    CustomersByPhone,
    CustomersByUpdated,
    OrdersByCustomer,
    OrdersByDate,
    OrdersByTotal,
    OrdersByUpdated,
    ProductsByName,
    ProductsByPrice,
    ProductsByStock,
    ProductsByUpdated,
    RunsByTime,
)


class Customer(Model):
    """Customers. Lists by e-mail read the claims on e-mail addresses in `ops`, so they need no index of their own."""

    class Meta:
        table_name = settings.table_prefix + "customers"
        region = settings.region
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    email = UnicodeAttribute()
    normalized_email = UnicodeAttribute(attr_name="email_n")
    phone = UnicodeAttribute(null=True)
    phone_note = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute()
    last_order = UnicodeAttribute(null=True)
    restored_at = UnicodeAttribute(null=True)
    added_at = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute(null=True)
    """Only of a row with an `updated_key`, see `crm.change_times`. Other rows were changed last when they were created."""
    orders = NumberAttribute(default=0)
    cancelled = NumberAttribute(null=True)
    list_shard = UnicodeAttribute(attr_name="list_s")
    created_key = UnicodeAttribute(attr_name="created_k")
    name_key = UnicodeAttribute(attr_name="name_k")
    phone_key = UnicodeAttribute(attr_name="phone_k")
    updated_key = UnicodeAttribute(null=True, attr_name="updated_k")
    search_mark = UnicodeAttribute(null=True)
    references: JSONAttribute = JSONAttribute(null=True)
    """What names the customer in other systems, see `crm.customer_references`."""
    merge_id = UnicodeAttribute(null=True)
    merged_into = UnicodeAttribute(null=True)
    absorbed = NumberAttribute(null=True)
    activity_shard = UnicodeAttribute(attr_name="act_s")
    activity_key = UnicodeAttribute(attr_name="act_k")
    token = UnicodeAttribute()
    """Names the last write of this row, so that a write whose response was lost recognises itself."""

    by_activity = CustomersByActivity()
    by_created = CustomersByCreated()
    by_name = CustomersByName()
    by_phone = CustomersByPhone()
    by_updated = CustomersByUpdated()


class Product(Model):
    class Meta:
        table_name = settings.table_prefix + "products"
        region = settings.region
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True)
    sku = UnicodeAttribute(null=True)
    name = UnicodeAttribute()
    cents = NumberAttribute()
    stock = NumberAttribute()
    first_stock = NumberAttribute(null=True)
    """The stock when the product was created."""
    sold = NumberAttribute(default=0)
    """How many order lines took stock. A product that was sold is archived, never deleted."""
    archived_at = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute(null=True)
    search_mark = UnicodeAttribute(null=True)
    restock_slot = UnicodeAttribute(null=True)
    restocked_to = NumberAttribute(null=True)
    """The stock right after the restock for `restock_slot`."""
    list_shard = UnicodeAttribute(null=True, attr_name="list_s")
    stock_shard = UnicodeAttribute(null=True, attr_name="stock_s")
    price_key = UnicodeAttribute(null=True, attr_name="price_k")
    name_key = UnicodeAttribute(null=True, attr_name="name_k")
    updated_key = UnicodeAttribute(null=True, attr_name="updated_k")
    token = UnicodeAttribute()

    by_stock = ProductsByStock()
    by_price = ProductsByPrice()
    by_name = ProductsByName()
    by_updated = ProductsByUpdated()


class Order(Model):
    """Orders, each with its lines as they were when it was placed."""

    class Meta:
        table_name = settings.table_prefix + "orders"
        region = settings.region
        billing_mode = "PAY_PER_REQUEST"

    id = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute()
    date = UnicodeAttribute()
    status = UnicodeAttribute()
    cents = NumberAttribute()
    lines = JSONAttribute()
    """[[product id, name, quantity, unit price in cents, SKU of an imported line], ...]"""
    adjustments = JSONAttribute(null=True)
    """[[kind, amount in cents], ...] of an imported order."""
    reference = UnicodeAttribute(null=True)
    refund_of = UnicodeAttribute(null=True)
    refunded = JSONAttribute(null=True)
    """{product id: quantity} of what credit notes have taken back."""
    merged_from = JSONAttribute(null=True)
    """[id of the customer who had the order before a merge, ...], the latest last."""
    takes_stock = NumberAttribute()
    created_by = UnicodeAttribute(null=True)
    updated_at = UnicodeAttribute(null=True)
    lines_changed_at = UnicodeAttribute(null=True)
    list_shard = UnicodeAttribute(attr_name="list_s")
    date_key = UnicodeAttribute(attr_name="date_k")
    total_key = UnicodeAttribute(attr_name="total_k")
    updated_key = UnicodeAttribute(null=True, attr_name="updated_k")
    token = UnicodeAttribute()

    by_customer = OrdersByCustomer()
    by_date = OrdersByDate()
    by_total = OrdersByTotal()
    by_updated = OrdersByUpdated()


class Line(Model):
    """Which orders contain a product. A line is written before its order, and ignored while the order does not exist."""

    class Meta:
        table_name = settings.table_prefix + "lines"
        region = settings.region
        billing_mode = "PAY_PER_REQUEST"

    product_id = UnicodeAttribute(hash_key=True)
    date_key = UnicodeAttribute(range_key=True, attr_name="date_k")


class AuxRow(Model):
    """Small rows around the entities and jobs.

    See `change_marks`, `stage_secrets`, `unique_values`, `counters`, `deleted_customers`, `email_suppressions`, `search_index`,
    `merged_customers`, `merge_records`, `api_keys`, `idempotency` and `jobs.job_state`.
    """

    class Meta:
        table_name = settings.table_prefix + "ops"
        region = settings.region
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    owner = UnicodeAttribute(null=True)
    token = UnicodeAttribute(null=True)
    content: JSONAttribute = JSONAttribute(null=True)
    terms = UnicodeAttribute(null=True)
    orders = NumberAttribute(null=True)
    cents = NumberAttribute(null=True)
    customers = NumberAttribute(null=True)
    created = NumberAttribute(null=True)
    paused_until = UnicodeAttribute(null=True)
    checked_until = UnicodeAttribute(null=True, attr_name="watched")
    schedule = UnicodeAttribute(null=True)
    requested = UnicodeAttribute(null=True)
    used_at = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    since = UnicodeAttribute(null=True)
    full_until = NumberAttribute(null=True)
    change_log = UnicodeAttribute(null=True)
    """Only of change rows that belong to the audit log."""
    ttl = TTLAttribute(null=True)

    by_change = ChangesByTime()


class Run(Model):
    """Runs of jobs: see `chalicelib.jobs.ledger`."""

    class Meta:
        table_name = settings.table_prefix + "runs"
        region = settings.region
        billing_mode = "PAY_PER_REQUEST"

    job = UnicodeAttribute(hash_key=True)
    slot = UnicodeAttribute(range_key=True)
    status = UnicodeAttribute()
    trigger = UnicodeAttribute()
    actor = UnicodeAttribute(null=True)
    arguments: JSONAttribute = JSONAttribute()
    owner = UnicodeAttribute(null=True)
    lease_until = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    attempts_since_progress = NumberAttribute(default=0, attr_name="tries")
    next_attempt_at = UnicodeAttribute(null=True)
    pages = NumberAttribute(default=0)
    state: JSONAttribute = JSONAttribute()
    counts: JSONAttribute = JSONAttribute()
    created_at = UnicodeAttribute()
    started_at = UnicodeAttribute(null=True)
    finished_at = UnicodeAttribute(null=True)
    error = UnicodeAttribute(null=True)
    trace = UnicodeAttribute(null=True)
    failures: JSONAttribute = JSONAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    cancellation: JSONAttribute = JSONAttribute(null=True)
    token = UnicodeAttribute()
    ttl = TTLAttribute()

    by_time = RunsByTime()


class Report(Model):
    """Reports: see `chalicelib.crm.reports`."""

    class Meta:
        table_name = settings.table_prefix + "reports"
        region = settings.region
        billing_mode = "PAY_PER_REQUEST"

    kind = UnicodeAttribute(hash_key=True)
    period = UnicodeAttribute(range_key=True)
    made_at = UnicodeAttribute()
    content: JSONAttribute = JSONAttribute()
    token = UnicodeAttribute()
