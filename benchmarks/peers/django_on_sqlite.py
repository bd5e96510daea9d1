"""graphene-django on SQLite in memory: the database is a part of the process."""

from benchmarks.peers import django_settings
from benchmarks.peers.company import Company
from benchmarks.peers.worker import Handler

django_settings.configure(ENGINE="django.db.backends.sqlite3", NAME=":memory:")


def begin(company: Company) -> Handler:
    from benchmarks.peers import django_site  # noqa: PLC0415 - it needs the settings

    return django_site.begin(company)
