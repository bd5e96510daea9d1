"""The functions run on one pinned Python, which also packages, wherever a machine has it."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from deploy import interpreter, package, runtime
from deploy.interpreter import InterpreterError
from deploy.package import PackageError
from deploy.runtime import RuntimePinError

pytestmark = pytest.mark.no_database
VERSION = "9.9"


@pytest.fixture(autouse=True)
def _nothing_found_before() -> None:
    interpreter.find.cache_clear()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without that Python: an empty PATH beside the shell's, no pyenv, and a uv that finds nothing."""
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name) for name in ("shims", "bin")))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    uv = program(tmp_path / "uv", "echo no network >&2; exit 2")
    monkeypatch.setattr(interpreter, "_uv", lambda: str(uv))
    return tmp_path


def program(file: Path, script: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def python(file: Path, version: str = VERSION) -> Path:
    return program(file, f'echo "cpython {version} 1 {file}"')


def test_the_one_on_the_path_is_taken(machine: Path) -> None:
    wanted = python(machine / "bin" / "python9.9")
    assert interpreter.find(VERSION) == wanted


def test_a_shim_of_pyenv_that_is_not_enabled_is_passed_over(machine: Path) -> None:
    program(machine / "shims" / "python9.9", "echo 'pyenv: python9.9: command not found' >&2; exit 127")
    python(machine / "pyenv" / "versions" / "9.9.2" / "bin" / "python9.9")
    wanted = python(machine / "pyenv" / "versions" / "9.9.10" / "bin" / "python9.9")
    assert interpreter.find(VERSION) == wanted, "the newest patch"
    interpreter.find.cache_clear()
    on_the_path = python(machine / "bin" / "python9.9")
    assert interpreter.find(VERSION) == on_the_path, "look past the shim on the PATH first"


def test_uv_fetches_it_where_there_is_none(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = python(machine / "fetched" / "python9.9")
    script = f"""[ "$1" = python ] || exit 2
case "$2" in
install) touch {machine}/installed ;;
find) [ -e {machine}/installed ] && echo {wanted} || {{ echo none >&2; exit 2; }} ;;
esac"""
    uv = program(machine / "uv", script)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/bin:/bin")
    monkeypatch.setattr(interpreter, "_uv", lambda: str(uv))
    assert interpreter.find(VERSION) == wanted


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("name", ["python9.9", "python"])
def test_another_one_is_refused_and_the_message_says_what_to_do(name: str, machine: Path) -> None:
    python(machine / "bin" / name, "9.8")
    with pytest.raises(InterpreterError, match=r"run on Python 9\.9(?s:.*)no network(?s:.*)pyenv install 9\.9"):
        interpreter.find(VERSION)


def test_packaging_refuses_what_is_no_runtime(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    (tmp_path / runtime.FILE).write_text("3.13\n")
    with pytest.raises(PackageError, match=r"python3\.13, not '3\.13'"):
        package.make_template("dev", tmp_path / "out", tmp_path)
    with pytest.raises(RuntimePinError):
        runtime.pinned(tmp_path)


def test_a_template_for_another_runtime_is_refused(tmp_path: Path) -> None:
    sam = tmp_path / "sam.json"
    sam.write_text(
        '{"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"Runtime": "python3.12"}}}}'
    )
    package._check_runtime(sam, "python3.12")
    with pytest.raises(PackageError, match=r"for python3\.12, and \.chalice/runtime has python3\.13"):
        package._check_runtime(sam, "python3.13")


def test_the_python_that_runs_this_packages_if_it_is_the_one() -> None:
    assert interpreter.environment("{}.{}".format(*sys.version_info)) == Path(sys.executable)


def test_the_environment_that_packages_has_that_version_and_chalice() -> None:
    wanted = runtime.version(runtime.pinned(package.ROOT))
    code = "import sys, chalice, pip, pynamodb; print('{}.{}'.format(*sys.version_info))"
    found = subprocess.run(
        [interpreter.environment(wanted), "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == wanted


def test_the_environment_is_made_once_and_again_after_a_failure(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python(machine / "bin" / "python9.9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine / "cache"))
    made: list[Path] = []

    def make(place: Path, *_arguments: object) -> None:
        made.append(place)
        (place / "bin").mkdir(parents=True)
        if len(made) == 1:
            raise InterpreterError("the network is gone")

    monkeypatch.setattr(interpreter, "_make", make)
    with pytest.raises(InterpreterError, match="network"):
        interpreter.environment(VERSION)
    found = [interpreter.environment(VERSION) for _ in range(2)]
    assert found == [made[0] / "bin" / "python"] * 2
    assert made == [made[0]] * 2
    assert made[0].parent == machine / "cache" / "serverless-crm"


@pytest.mark.parametrize("codes", [[0], [2, 0], [2, 1]])
def test_pip_installs_what_uv_does_not_find(codes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str]) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, codes[len(commands) - 1], "", f"reason {len(commands)};")

    monkeypatch.setattr(interpreter, "_run", run)
    monkeypatch.setattr(interpreter, "_uv", lambda: "uv")
    if codes[-1]:
        with pytest.raises(InterpreterError, match="reason 1;reason 2;"):
            interpreter._install(Path("there/python"), ["chalice"])
    else:
        interpreter._install(Path("there/python"), ["chalice"])
    assert [command[0] for command in commands] == ["uv", sys.executable][: len(codes)]
    assert all("there/python" in command and command[-1] == "chalice" for command in commands)


@pytest.mark.parametrize(
    ("today", "words"),
    [
        ("2028-12-29", None),
        ("2028-12-30", "ends on 2029-06-30. From 2029-07-31 on no function can be created with it"),
        ("2029-06-30", "has ended on 2029-06-30"),
    ],
)
def test_whoever_deploys_is_warned_half_a_year_before_the_end_of_life(
    today: str, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dates = {"deprecated": "2029-06-30", "create-block": "2029-07-31", "update-block": "2029-08-31"}
    monkeypatch.setattr(runtime, "_life_cycle", lambda: {"python3.13": dates})
    found = runtime.warning("python3.13", date.fromisoformat(today))
    assert found is None if words is None else words in (found or "")


def test_cfn_lint_knows_when_the_support_of_the_pinned_runtime_ends() -> None:
    dates = runtime._life_cycle()[runtime.pinned(package.ROOT)]
    assert dates["deprecated"] < dates["create-block"] < dates["update-block"]


def test_a_runtime_that_is_not_known_is_doubted() -> None:
    assert "does not know python3.99" in (runtime.warning("python3.99", date(2026, 11, 27)) or "")
