"""A package to pytest, so that all of its tests in a process can share a browser (`conftest.py`)."""
