"""Access control: roles, API keys, the rate limit, and the check of each operation."""
