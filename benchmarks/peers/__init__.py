"""Is our API faster than what others would have built? The same rows, documents and machine, one run, and equal answers.

Each contestant is a Lambda handler in a process of its own. What is compared is the CPU time of one request through it:
of the client of a database, not of DynamoDB, but where the database is a library, SQLite, of all of it.
"""
