"""What is packaged is pinned with its dependencies, and each downloaded file is the one that was locked."""

import importlib.metadata as installed
import re
import sys
from pathlib import Path

import pytest

from deploy import locked_wheels, package
from deploy.package import PackageError
from tests.deploy.building import copy_of_checkout

ROOT = package.ROOT
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)", re.MULTILINE)
HASH = re.compile(r"(--hash=sha256:)([0-9a-f]{64})")
pytestmark = pytest.mark.no_database
APP = """\
from chalice import Chalice

app = Chalice(app_name="crm")
app.route("/")(dict)
"""


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A checkout that requires one package, and whose app is small: Chalice imports it, without bytecode."""
    checkout = copy_of_checkout(tmp_path / "checkout")
    (checkout / "app.py").write_text(APP)
    (checkout / "requirements.txt").write_text("six==1.17.0\n")
    entry = re.search(r"^six==.*?(?=^\S)", text_of(locked_wheels.LOCK), re.MULTILINE | re.DOTALL)
    assert entry
    (checkout / locked_wheels.LOCK).write_text(entry[0])
    return checkout


def test_the_lock_has_exactly_what_is_pinned_and_a_hash_for_each() -> None:
    pinned = PINNED.findall(text_of("requirements.txt"))
    lock = text_of(locked_wheels.LOCK)
    assert dict(PINNED.findall(lock)) == dict(pinned)
    assert len(pinned) >= 17
    for entry in re.split(r"^(?=\S)", lock, flags=re.MULTILINE)[1:]:
        assert HASH.search(entry), entry


def test_requirements_have_no_hashes_and_no_index() -> None:
    """Hashes in one file would make pip ask for them in every file beside it."""
    for name in ("requirements.txt", "requirements-local.txt", "requirements-dev.txt", locked_wheels.LOCK):
        assert "://" not in text_of(name)
        assert "index" not in text_of(name)
    assert "hash" not in "\n".join(line for line in text_of("requirements.txt").splitlines() if line[0] != "#")


def test_a_locked_file_is_downloaded(small: Path, tmp_path: Path) -> None:
    environment = locked_wheels.download(small, tmp_path / "wheels", Path(sys.executable))
    assert [file.name.split("-")[:2] for file in (tmp_path / "wheels").iterdir()] == [["six", "1.17.0"]]
    assert environment == {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}


def test_a_file_with_another_hash_is_refused(small: Path, tmp_path: Path) -> None:
    lock = small / locked_wheels.LOCK
    lock.write_text(HASH.sub(lambda found: found[1] + found[2][::-1], lock.read_text()))
    with pytest.raises(PackageError, match="HASHES"):
        package.make_template("dev", tmp_path / "out", small)


def test_a_requirement_that_is_not_locked_is_not_packaged(small: Path, tmp_path: Path) -> None:
    """Chalice has no index to find it in."""
    (small / "requirements.txt").write_text("six==1.17.0\nidna==3.20\n")
    with pytest.raises(PackageError, match="idna"):
        package.make_template("dev", tmp_path / "out", small)


def test_the_pins_are_installed_here() -> None:
    """So the tests run with what is deployed."""
    for name, version in PINNED.findall(text_of("requirements.txt")):
        assert installed.version(name) == version
