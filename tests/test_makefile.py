"""The Makefile: the environment that it makes, keeps and mends."""

import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest
import uv

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = "packages"


@pytest.fixture(scope="module")
def first_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose only requirement is uv, and which was made in a directory that had a file in it."""
    directory = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "Makefile", directory)
    pin = next(line for line in (ROOT / "requirements-local.txt").read_text().splitlines() if line.startswith("uv=="))
    (directory / PACKAGES).mkdir()
    _write_small_uv(directory / PACKAGES, pin.removeprefix("uv=="))
    for name, lines in (("requirements.txt", ""), ("requirements-local.txt", pin), ("requirements-dev.txt", "")):
        (directory / name).write_text(f"{lines}\n")
    (directory / "venv").mkdir()
    (directory / "venv/own-file").touch()
    _use_environment(directory)
    return directory


@pytest.fixture
def checkout(first_checkout: Path, tmp_path: Path) -> Path:
    return shutil.copytree(first_checkout, tmp_path / "checkout", symlinks=True)


def _write_small_uv(directory: Path, version: str) -> None:
    """Write a wheel of uv that starts the uv of this environment: pip takes seconds for one with the program in it."""
    info = f"uv-{version}.dist-info"
    files = {
        f"uv-{version}.data/scripts/uv": f'#!/bin/sh\nexec "{uv.find_uv_bin()}" "$@"\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: uv\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(directory / f"uv-{version}-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16  # pip makes executable what is so in the wheel
            wheel.writestr(entry, text)


def _use_environment(checkout: Path) -> None:
    """Have make prepare the environment, and start its Python."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PIP_"))}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(checkout / PACKAGES)}
    command = ["make", "-s", "python", f"VENV={checkout / 'venv'}"]
    made = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == str(checkout / "venv/bin/python")
    subprocess.run([made.stdout.strip(), "-c", "import ssl, subprocess"], check=True, timeout=60)


def _change_requirements(checkout: Path) -> None:
    os.utime(checkout / "requirements.txt", (2**31, 2**31))


def test_files_in_a_directory_that_is_no_environment_are_kept(first_checkout: Path) -> None:
    assert (first_checkout / "venv/own-file").exists()


def test_an_environment_whose_python_works_is_kept_when_the_requirements_change(checkout: Path) -> None:
    _change_requirements(checkout)
    _use_environment(checkout)
    assert (checkout / "venv/own-file").exists()


def test_an_environment_whose_python_was_removed_is_made_anew(checkout: Path) -> None:
    link = checkout / "venv/bin/python3"
    link.unlink()
    link.symlink_to(checkout / "no-such-python")
    _use_environment(checkout)
    assert not (checkout / "venv/own-file").exists()


def test_an_environment_whose_python_cannot_start_is_made_anew_with_the_next_change(checkout: Path) -> None:
    link = checkout / "venv/bin/python3"
    link.unlink()
    link.write_text("#!/bin/sh\nexit 1\n")
    link.chmod(0o755)
    _change_requirements(checkout)
    _use_environment(checkout)
    assert not (checkout / "venv/own-file").exists()


def test_a_path_with_spaces_is_refused_before_anything_is_made(checkout: Path) -> None:
    made = subprocess.run(
        ["make", "python", f"VENV={checkout}/venv other"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert made.returncode != 0
    assert "without spaces" in made.stderr
    assert (checkout / "venv/own-file").exists()
    assert not (checkout / "venv other").exists()
