"""Which function resolves which field of the schema."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TypeAlias

from chalicelib.access.api_keys import ApiKey
from chalicelib.api.graphql.executor import RowResolver
from chalicelib.api.resolvers import (
    api_keys,
    audit_log,
    bulk_create,
    customers,
    email_suppressions,
    health,
    history,
    jobs,
    nodes,
    notification_channels,
    orders,
    personal_data,
    products,
    reports,
    runs,
    schedules,
    search,
    status,
    totals,
)
from chalicelib.crm import business_days, money
from chalicelib.crm.counters import Stats
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.crm.reports import Report
from chalicelib.jobs import slots
from chalicelib.jobs.backfills import Backfill
from chalicelib.jobs.problems import Problem
from chalicelib.jobs.queue import DeadLetter
from chalicelib.jobs.run_records import Run

Resolver: TypeAlias = Callable[..., object]

RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "hello": health.hello,
        "node": nodes.node,
        "customer": customers.customer,
        "product": products.product,
        "order": orders.order,
        "customers": customers.plain_customers,
        "products": products.plain_products,
        "orders": orders.plain_orders,
        "allCustomers": customers.all_customers,
        "allProducts": products.all_products,
        "allOrders": orders.all_orders,
        "search": search.find,
        "lowStockProducts": products.low_stock_products,
        "crmStats": totals.crm_stats,
        "inactiveCustomers": customers.inactive_customers,
        "inactiveCustomerCount": customers.inactive_customer_count,
        "deletedCustomers": customers.all_deleted_customers,
        "ordersDueForReminder": orders.orders_due_for_reminder,
        "reports": reports.all_reports,
        "report": reports.report,
        "health": health.health,
        "status": status.status,
        "jobs": jobs.all_jobs,
        "job": jobs.job,
        "jobRuns": jobs.job_runs,
        "jobRun": jobs.job_run,
        "runs": runs.all_runs,
        "schedules": schedules.all_schedules,
        "previewSchedule": schedules.preview_schedule,
        "notificationChannels": notification_channels.all_channels,
        "queue": jobs.queue_depth,
        "uptime": jobs.uptime_hours,
        "keys": api_keys.all_keys,
        "me": api_keys.me,
        "settings": totals.settings,
        "auditLog": audit_log.entries,
        "deadLetters": jobs.dead_letters,
        "personalData": personal_data.personal_data,
    },
    "Mutation": {
        "createCustomer": customers.create_customer,
        "bulkCreateCustomers": bulk_create.create_customers,
        "updateCustomer": customers.update_customer,
        "deleteCustomer": customers.delete_customer,
        "liftEmailSuppression": email_suppressions.lift_email_suppression,
        "createProduct": products.create_product,
        "bulkCreateProducts": bulk_create.create_products,
        "updateProduct": products.update_product,
        "adjustStock": products.adjust_stock,
        "deleteProduct": products.delete_product,
        "createOrder": orders.create_order,
        "bulkCreateOrders": bulk_create.create_orders,
        "cancelOrder": orders.cancel_order,
        "updateOrder": orders.update_order,
        "refundOrder": orders.refund_order,
        "updateLowStockProducts": products.update_low_stock_products,
        "deleteInactiveCustomers": customers.delete_inactive_customers,
        "restoreCustomer": customers.restore_customer,
        "restoreCustomers": customers.restore_customers,
        "checkSearchIndex": search.check_index,
        "eraseCustomer": personal_data.erase_customer,
        "erasePersonalData": personal_data.erase_personal_data,
        "runJob": jobs.run_job,
        "cancelRun": jobs.cancel_run,
        "backfill": runs.backfill,
        "createSchedule": schedules.create_schedule,
        "updateSchedule": schedules.update_schedule,
        "deleteSchedule": schedules.delete_schedule,
        "resetSchedule": schedules.reset_schedule,
        "pauseJob": jobs.pause_job,
        "resumeJob": jobs.resume_job,
        "remakeReport": jobs.remake_report,
        "redriveDeadLetters": jobs.redrive_dead_letters,
        "discardDeadLetters": jobs.discard_dead_letters,
        "createNotificationChannel": notification_channels.create_channel,
        "updateNotificationChannel": notification_channels.update_channel,
        "deleteNotificationChannel": notification_channels.delete_channel,
        "sendTestNotification": notification_channels.send_test,
        "createKey": api_keys.create_key,
        "rotateKey": api_keys.rotate_key,
        "revokeKey": api_keys.revoke_key,
    },
    "Customer": {
        "orders": orders.all_orders,
        "lastOrderAt": RowResolver(attrgetter("last_order")),
        "inactiveFrom": RowResolver(attrgetter("inactive_from")),
        "emailSuppression": email_suppressions.email_suppression,
        "history": history.history,
    },
    "Product": {
        "price": RowResolver[Product](lambda row: money.from_cents(row.cents)),
        "archived": RowResolver[Product](lambda row: row.archived_at is not None),
        "history": history.history,
    },
    "Order": {
        "customer": orders.order_customer,
        "products": orders.order_products,
        "refunded": orders.order_refunded,
        "orderDate": RowResolver(attrgetter("date")),
        "totalAmount": RowResolver[Order](lambda row: money.from_cents(row.cents)),
        "history": history.history,
    },
    "OrderLine": {"product": orders.line_product},
    "PageInfo": {
        "hasNextPage": RowResolver(attrgetter("has_next")),
        "hasPreviousPage": RowResolver(attrgetter("has_previous")),
    },
    "BulkCreateCustomersPayload": {"customers": RowResolver(attrgetter("rows"))},
    "BulkCustomerResult": {"customer": RowResolver(attrgetter("row"))},
    "BulkCreateProductsPayload": {"products": RowResolver(attrgetter("rows"))},
    "BulkProductResult": {"product": RowResolver(attrgetter("row"))},
    "BulkCreateOrdersPayload": {"orders": RowResolver(attrgetter("rows"))},
    "BulkOrderResult": {"order": RowResolver(attrgetter("row"))},
    "DeadLetter": {
        "job": RowResolver[DeadLetter](lambda letter: letter.message and letter.message.job),
        "slot": RowResolver[DeadLetter](lambda letter: letter.message and slots.instant_of(letter.message.slot)),
    },
    "DeletedCustomer": {
        **{name: RowResolver(attrgetter(f"customer.{name}")) for name in ("id", "name", "email", "phone")},
        "createdAt": RowResolver(attrgetter("customer.created_at")),
    },
    "CrmStats": {
        "timeZone": RowResolver[Stats](lambda _: business_days.time_zone()),
        "currency": RowResolver[Stats](lambda _: money.currency()),
    },
    "PersonalData": {
        "customerId": RowResolver(attrgetter("person.customer_id")),
        **{name: RowResolver(attrgetter(f"person.{name}")) for name in ("names", "emails", "phones", "notes")},
        "deletedCustomer": RowResolver(attrgetter("deleted")),
        "references": personal_data.references,
        "suppressedAddresses": personal_data.suppressed_addresses,
        "orderCount": personal_data.order_count,
        "orders": personal_data.orders,
        "traces": personal_data.traces,
    },
    "PersonalTracePage": {
        "nodes": RowResolver(attrgetter("traces")),
        "hasMore": RowResolver(attrgetter("has_more")),
        "after": RowResolver(attrgetter("after")),
    },
    "Report": {
        "timeZone": RowResolver[Report](lambda _: business_days.time_zone()),
        "currency": RowResolver[Report](lambda _: money.currency()),
        **{name: reports.content(name) for name in ("from", "to", "totals", "week", "before")},
        "topCustomers": reports.content("top_customers"),
        "topProducts": reports.content("top_products"),
        "revenueChange": reports.revenue_change,
    },
    "ReportTotals": {"revenue": reports.revenue},
    "ReportWeek": {
        "revenue": reports.revenue,
        "averageOrder": reports.average_order,
        "newCustomers": reports.new_customers,
    },
    "ReportEntry": {"revenue": reports.revenue},
    "AuditLogEntry": {"id": audit_log.entry_id, "before": audit_log.before, "after": audit_log.after},
    "ApiKey": {"role": RowResolver[ApiKey](lambda row: row.role.name), "state": api_keys.state},
    "Status": {"past": status.past_hours, "coming": status.coming_hours},
    "Problem": {"slot": RowResolver[Problem](lambda row: row.slot and slots.instant_of(row.slot))},
    "Job": {"backfill": runs.backfill_of},
    "JobBackfill": {"left": RowResolver[Backfill](lambda row: len(row.left))},
    "Schedule": {
        "builtIn": RowResolver(attrgetter("is_built_in")),
        "arguments": schedules.arguments,
        "nextRuns": schedules.next_runs,
    },
    "JobRun": {
        "id": RowResolver[Run](lambda run: f"{run.job}:{run.slot}"),
        "slot": RowResolver[Run](lambda run: slots.instant_of(run.slot)),
        "cap": RowResolver[Run](lambda run: run.arguments.get("cap")),
        "period": RowResolver[Run](lambda run: run.arguments.get("period")),
        "arguments": jobs.arguments,
        "cursor": jobs.cursor,
        "counts": jobs.counts,
        "lines": jobs.lines,
        "logLines": jobs.all_log_lines,
        "durationSeconds": RowResolver(attrgetter("seconds")),
    },
    **{
        f"{kind}Connection": {"pageInfo": nodes.page_info}
        for kind in (
            "Customer",
            "Product",
            "Order",
            "DeletedCustomer",
            "Report",
            "JobRun",
            "LogLine",
            "ApiKey",
            "AuditLog",
            "History",
            "Search",
        )
    },
}
KINDS: Mapping[type, str] = {Customer: "Customer", Product: "Product", Order: "Order"}
OBJECTS = {*KINDS.values(), "OrderLine"}
"""Types whose rows are never mappings, so that their fields are read without asking."""
