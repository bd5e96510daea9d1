"""`crmctl`, the command line of the CRM: an HTTP client of the GraphQL API that shares no code with the server."""
