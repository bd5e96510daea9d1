"""The maintenance jobs: their schedules, the engine that runs them, and one small module per job."""
