"""What does it cost: calls, units, milliseconds, bytes, dollars? `python -m benchmarks` says it in one table."""
