"""Fixtures of the tests of personal data: those of the API."""

from tests.api.conftest import change, deployed

__all__ = ["change", "deployed"]
