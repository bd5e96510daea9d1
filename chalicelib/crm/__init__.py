"""The domain: customers, products, orders, their totals, imports and reports."""
