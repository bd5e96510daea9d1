"""Templates and packages are made once."""

from collections.abc import Callable
from functools import cache

import pytest

from deploy.package import Package
from tests.deploy import building


@pytest.fixture(scope="session")
def packaged_template(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], building.Template]:
    directory = tmp_path_factory.mktemp("templates")
    return cache(lambda stage: building.template_of(stage, directory))


@pytest.fixture(scope="session")
def built() -> Package:
    return building.built("dev")
