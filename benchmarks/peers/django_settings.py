"""Django's settings, with nothing in the way of a request: no middleware and no log. Call `configure` before models are imported."""

from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings


class Crm(AppConfig):
    name = "benchmarks.peers"
    label = "crm"


def configure(**database: Any) -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": database},
        INSTALLED_APPS=["graphene_django", f"{__name__}.Crm"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=[],
        ROOT_URLCONF="benchmarks.peers.django_site",
        SECRET_KEY="only measured",  # noqa: S106
        USE_TZ=True,
    )
    django.setup()
