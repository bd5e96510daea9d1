"""The maintenance jobs: their schedules, the engine that runs them, and one small module per job.

Jobs reach the domain through GraphQL operations instead of importing it. Only the weekly report imports reports and money.
"""
