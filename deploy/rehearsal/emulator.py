"""How is MiniStack started for a rehearsal: on loopback, with roles enforced, with the SAM transform beside it?"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy import interpreter
from localdev import emulator

SAM = "aws-sam-translator==1.115.0"
READY_SECONDS = 60
_MAIN = Path(__file__).with_name("emulator_process.py")
_END_SECONDS = 20
_CLOCK_AHEAD = """
import importlib.abc, importlib.util, sys
from datetime import UTC, datetime, timedelta


def now():
    with open({file!r}) as file:
        return datetime.now(UTC) + timedelta(seconds=float(file.read() or 0))


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "chalicelib.clock":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            module.set_source(now)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())
"""
"""The functions' own clock only: the emulator checks the times of signatures."""


@contextmanager
def running(directory: Path, environment: dict[str, str], services: Iterable[str] = ()) -> Iterator[str]:
    """Its address. `environment` is also that of the functions; they and EventBridge are ahead by the seconds in the file `ahead`.

    `services` are served in addition to those of every rehearsal.
    """
    _fetch()
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    log, ahead = directory / "ministack.log", directory / "ahead"
    ahead.write_text("0")
    python = bare_python(directory / "python", ahead)
    own = {
        "REHEARSAL_PYTHON": python,
        "REHEARSAL_AHEAD": str(ahead),
        "REHEARSAL_SERVICES": ",".join(services),
    }
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*_command("--offline"), "python", "-I", str(_MAIN)],
            env=emulator.neutral_environment() | _settings(directory, port) | environment | own,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            _wait(endpoint, process, log)
            yield endpoint
        finally:
            _end(process)


def _command(*options: str) -> list[str]:
    return [*emulator._uv_command(*options), "--with", SAM]


def _fetch() -> None:
    """From uv's cache, or else from the package index."""
    for options in (("--offline",), ()):
        command = [*_command(*options), "python", "-c", ""]
        done = subprocess.run(
            command, env=emulator.neutral_environment(), check=False, capture_output=True, text=True, timeout=600
        )
        if done.returncode == 0:
            return
    raise RuntimeError(f"uv could not fetch MiniStack and {SAM}:\n{done.stderr}")


def bare_python(place: Path, ahead: Path) -> str:
    """Return the functions' Python without packages, with a clock that is ahead as EventBridge's: slots in the future are refused."""
    python = interpreter.of_functions()
    subprocess.run([python, "-m", "venv", "--without-pip", str(place)], check=True, timeout=60)
    (packages,) = place.glob("lib/python*/site-packages")
    set_clock_ahead(packages, ahead)
    return str(place / "bin" / "python")


def set_clock_ahead(packages: Path, ahead: Path) -> None:
    """Have each Python that imports from `packages` read our clock with the seconds in the file `ahead` added."""
    (packages / "sitecustomize.py").write_text(_CLOCK_AHEAD.format(file=str(ahead)), "utf-8")


def _settings(directory: Path, port: int) -> dict[str, str]:
    return {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "USE_SSL": "0",
        "LOG_LEVEL": "INFO",
        "TMPDIR": str(directory),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        # MiniStack removes containers of its name from Docker, also those of another that the developer runs.
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _wait(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not emulator.is_reachable(endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"MiniStack did not start:\n{log.read_text()}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its functions too: they are of its process group."""
    assert process.stdin is not None  # noqa: S101 - it was made with a pipe
    process.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
