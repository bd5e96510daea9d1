"""The maintenance jobs: when they run, what they do, what became of each run."""
