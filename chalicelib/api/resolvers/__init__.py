"""The resolvers, one module per noun of the schema."""
