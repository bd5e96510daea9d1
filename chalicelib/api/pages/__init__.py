"""The pages for browsers: the console and GraphiQL."""
