"""The domain: customers, products, orders and their totals, over DynamoDB."""
