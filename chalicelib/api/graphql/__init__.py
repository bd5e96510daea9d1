"""The GraphQL engine: schema, limits, cost, execution, loaders and the form of errors."""
