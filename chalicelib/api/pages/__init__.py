"""The web pages: the console and GraphiQL."""
