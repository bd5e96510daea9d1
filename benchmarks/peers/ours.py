"""Our Lambda handler as it is. It is asked with an API key, which it checks."""

from app import app
from benchmarks.peers.company import Company
from benchmarks.peers.worker import Handler


def begin(_company: Company) -> Handler:
    return app
