"""graphene-django on a PostgreSQL server, which libpq finds by PGHOST and PGUSER. One connection serves all requests."""

from benchmarks.peers import django_settings
from benchmarks.peers.company import Company
from benchmarks.peers.worker import Handler

django_settings.configure(ENGINE="django.db.backends.postgresql", NAME="postgres", CONN_MAX_AGE=None)


def begin(company: Company) -> Handler:
    from benchmarks.peers import django_site  # noqa: PLC0415 - it needs the settings

    return django_site.begin(company)
