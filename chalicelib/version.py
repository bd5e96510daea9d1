"""The version of the server. `pyproject.toml` has the same one; it is not part of a deployment."""

VERSION = "0.1.0"
