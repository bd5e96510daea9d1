"""Tests get what packaging made earlier only if everything that it was made from is still the same."""

import os
import threading
import time
from pathlib import Path

import pytest

from deploy import package
from tests.deploy import kept
from tests.deploy.building import copy_of_checkout

pytestmark = pytest.mark.no_database


class Maker:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self, place: Path) -> None:
        self.times += 1
        (place / "what").write_text(f"made {self.times}")
        if self.times == 1:
            raise package.PackageError("the network is gone")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copy_of_checkout(tmp_path_factory.mktemp("copy") / "checkout", "deploy")
    (copy / "resources.yaml").write_bytes((package.ROOT / "resources.yaml").read_bytes())
    return copy


def test_it_is_made_once_and_again_after_a_failure_or_from_something_else(cache: Path) -> None:
    make = Maker()
    with pytest.raises(package.PackageError, match="network"):
        kept.kept("package-dev", ["a"], make)
    places = [kept.kept("package-dev", sources, make) for sources in (["a"], ["a"], ["a", "b"], ["ab"], ["a"])]
    assert [(place / "what").read_text() for place in places] == ["made 2", "made 2", "made 3", "made 4", "made 2"]
    assert {place.parent for place in places} == {cache / "serverless-crm" / "kept"}


@pytest.mark.usefixtures("cache")
def test_who_needs_it_while_it_is_made_waits_for_it() -> None:
    began, found = threading.Event(), []

    def make(place: Path) -> None:
        began.set()
        time.sleep(0.2)
        (place / "what").write_text("whole")

    def look() -> None:
        found.append((kept.kept("package-dev", ["a"], make) / "what").read_text())

    first = threading.Thread(target=look)
    first.start()
    assert began.wait(10)
    second = kept.kept("package-dev", ["a"], lambda _place: pytest.fail("made twice at once"))
    assert (second / "what").read_text() == "whole"
    first.join()
    assert found == ["whole"]


@pytest.mark.usefixtures("cache")
def test_what_nobody_has_used_for_a_day_goes_and_other_kinds_stay() -> None:
    def place(kind: str, source: str) -> Path:
        return kept.kept(kind, [source], lambda _place: None)

    old, other, used = place("package-dev", "old"), place("template-dev", "old"), place("package-dev", "used")
    before = time.time() - kept.UNUSED_SECONDS - 1
    for each in (old, other, used):
        os.utime(each / "made", (before, before))
    place("package-dev", "used")
    place("package-dev", "new")
    assert (old.exists(), other.exists(), used.exists()) == (False, True, True)


@pytest.mark.parametrize(
    "name",
    [
        "app.py",
        "chalicelib/crm/text.py",
        "chalicelib/api/graphql/schema.graphql",
        "requirements.txt",
        "requirements.lock",
        "resources.yaml",
        ".chalice/runtime",
        ".chalice/config.json",
        ".chalice/policy-dev-work.json",
        "deploy/service_models.py",
        "deploy/package.py",
        "deploy/stack.yaml",
    ],
)
def test_a_change_of_anything_that_packaging_reads_makes_it_anew(name: str, checkout: Path) -> None:
    before = kept._digest(checkout)
    file = checkout / name
    content = file.read_bytes()
    file.write_bytes(content + b"\n")
    assert kept._digest(checkout) != before
    file.write_bytes(content)
    assert kept._digest(checkout) == before


def test_a_new_file_counts_and_what_packaging_does_not_read_does_not(checkout: Path) -> None:
    before = kept._digest(checkout)
    (checkout / "README.md").write_text("A page.")
    (checkout / "deploy" / "__pycache__").mkdir(exist_ok=True)
    (checkout / "deploy" / "__pycache__" / "package.pyc").write_text("bytecode")
    assert kept._digest(checkout) == before
    new = checkout / "chalicelib" / "new.py"
    new.write_text("")
    assert kept._digest(checkout) != before
    new.unlink()


def test_everything_that_is_copied_for_packaging_counts() -> None:
    assert all(any(name == each or name.startswith(f"{each}/") for each in kept.READ) for name in package.COPIED)


def test_the_python_that_packages_and_what_runs_on_it_count(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept.sources_of(checkout)
    assert before == kept.sources_of(checkout)
    monkeypatch.setattr(kept, "_versions", lambda _python: ("Python 3.13.99", "1.0"))
    assert kept.sources_of(checkout) != before
