"""What can be done from a terminal? An HTTP client of the GraphQL API that shares no code with it."""
