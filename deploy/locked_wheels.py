"""Download what is packaged, and check the sha256 of each file against requirements.lock.

Chalice downloads by name and version only. So pip downloads everything beforehand in its hash mode, for Lambda and for this
machine, which Chalice asks for as well. Chalice then finds these files and has no index to find others in.
"""

import subprocess
from pathlib import Path

LOCK = "requirements.lock"
_LAMBDA = ("--platform", "manylinux2014_aarch64", "--implementation", "cp")
_SECONDS = 300


class DownloadError(Exception):
    """A file could not be downloaded, or is not the one that was locked. The message is pip's."""


def download(checkout: Path, directory: Path, python: Path) -> dict[str, str]:
    """Fill the directory with what that Python takes. Return the environment in which pip uses nothing else. Raises DownloadError."""
    if (checkout / "requirements.txt").read_text("utf-8").strip():
        for platform in (_LAMBDA, ()):
            _download(python, checkout / LOCK, directory, platform)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(directory)}


def _download(python: Path, lock: Path, directory: Path, platform: tuple[str, ...]) -> None:
    options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", *platform]
    command = [str(python), "-m", "pip", "download", "--quiet", *options, "--dest", str(directory), "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode:
        raise DownloadError(done.stdout + done.stderr)
