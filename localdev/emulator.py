"""Fetch, start, check and stop MiniStack, the AWS emulator."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from http import HTTPStatus
from pathlib import Path

from localdev.console import LocalError, print_info
from localdev.state import State

VERSION = "1.5.33"
FETCH_SECONDS = 600
SAVE_SECONDS = 75
"""The emulator ends itself after at most 60 s: see emulator_process."""

_MAIN = Path(__file__).with_name("emulator_process.py")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_FOREIGN = ("AWS_", "CHALICE_", "CRM_", "LOCALSTACK_", "MINISTACK_", "PYTHON", "S3_", "LAMBDA_", "DYNAMODB_", "SQS_")


def is_reachable(endpoint: str, timeout: float = 2) -> bool:
    try:
        with _DIRECT.open(endpoint + "/_ministack/health", timeout=timeout) as response:
            return bool(response.status == HTTPStatus.OK)
    except (OSError, ValueError):
        return False


def neutral_environment() -> dict[str, str]:
    """Return the environment without variables for AWS, Chalice or this project. CHALICE_WORKER would start a server."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}


def fetch() -> None:
    """Put MiniStack into uv's cache. Raises LocalError, which says what to do."""
    if _try_fetch("--offline", quiet=True) == 0:
        return
    print_info(f"Fetching MiniStack {VERSION}, the AWS emulator (first start only) ...")
    if _try_fetch() != 0:
        raise LocalError(
            f"uv could not fetch MiniStack {VERSION} (its message is above): the first start needs the network.\n"
            "Behind a proxy set HTTPS_PROXY; for another package index set UV_INDEX_URL.\n"
            "Or run another emulator of DynamoDB and SQS and set AWS_ENDPOINT_URL, for example to http://127.0.0.1:8001."
        )


def _try_fetch(*options: str, quiet: bool = False) -> int:
    sink = subprocess.DEVNULL if quiet else None
    command = [*_uv_command(*options), "python", "-c", ""]
    try:
        return subprocess.run(
            command,
            env=neutral_environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            timeout=FETCH_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        return -1


def _uv_command(*options: str) -> list[str]:
    return [_uv_binary(), "tool", "run", *options, "--python", sys.executable, "--from", f"ministack=={VERSION}"]


def _uv_binary() -> str:
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        raise LocalError("uv is missing. It runs the AWS emulator: pip install -r requirements-local.txt")
    return found


class Emulator:
    """One MiniStack process, owned by the supervisor.

    It saves and ends when its standard input closes, so it does so even if the supervisor was killed.
    """

    def __init__(self, state: State, lock: int) -> None:
        port = _free_port(state.port)
        self.endpoint = f"http://127.0.0.1:{port}"
        state.port.write_text(str(port))
        state.log.write_bytes(b"")
        self.lost_since = state.take_unsaved_mark()
        """The time of the first change that is missing because the emulator before this one was killed."""
        self._process = subprocess.Popen(  # it logs to the same file as the supervisor
            [*_uv_command("--offline"), "python", "-I", str(_MAIN)],
            env=neutral_environment() | _settings(state, port),
            cwd=state.root,
            stdin=subprocess.PIPE,
            pass_fds=[lock],
            process_group=0,
        )

    def is_running(self) -> bool:
        return self._process.poll() is None

    def is_ready(self) -> bool:
        return is_reachable(self.endpoint) and self.is_running()

    def stop(self) -> None:
        """Stop MiniStack, and wait until it has saved its data."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(SAVE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _settings(state: State, port: int) -> dict[str, str]:
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "USE_SSL": "0",
        "LOG_LEVEL": "WARNING",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state.data),
        "LOCALDEV_UNSAVED_MARK": str(state.unsaved_mark),
        "TMPDIR": str(state.root),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_EC2_METADATA_DISABLED": "true",
        # MiniStack removes Docker containers of its name, including those of another MiniStack that the developer runs.
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }


def _free_port(last: Path) -> int:
    """Return the port of the last start if it is free, so that a running server finds its data again."""
    try:
        wanted = int(last.read_text())
    except (OSError, ValueError):
        wanted = 0
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    raise LocalError("No free port on 127.0.0.1 for the AWS emulator.")


def read_log_tail(state: State, lines: int = 15) -> str:
    try:
        text = state.log.read_text(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join("  | " + line for line in text.splitlines()[-lines:])
