"""The GraphQL API: the schema, its resolvers, and GraphQL over HTTP."""
