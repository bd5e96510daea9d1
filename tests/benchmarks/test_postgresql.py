"""How the benchmark finds, starts and stops PostgreSQL, with small scripts in place of its programs."""

import os
from pathlib import Path

import pytest

from benchmarks.peers import postgresql

pytestmark = pytest.mark.no_database

INITDB = 'mkdir "$2"'
SERVER = (
    'echo ready > "$2/postmaster.pid"; trap "echo stopped > $2/../../stopped; exit" INT; while :; do sleep 0.05; done'
)


@pytest.fixture(autouse=True)
def _not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other users cannot enter the directory of the scripts."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def install(directory: Path, **programs: str) -> Path:
    directory.mkdir(parents=True)
    for name, script in programs.items():
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)
    return directory


def test_the_programs_are_those_on_the_path_or_else_the_newest_of_debian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_DEBIAN", tmp_path / "postgresql")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert postgresql.find_programs() is None
    install(tmp_path / "postgresql" / "9.6" / "bin", initdb="", postgres="")
    newest = install(tmp_path / "postgresql" / "15" / "bin", initdb="", postgres="")
    install(tmp_path / "postgresql" / "16" / "bin", initdb="")
    assert postgresql.find_programs() == newest
    on_path = install(tmp_path / "bin", initdb="", postgres="")
    assert postgresql.find_programs() == on_path


def test_a_server_is_ready_when_it_is_handed_out_and_has_stopped_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    programs = install(tmp_path / "bin", initdb=INITDB, postgres=SERVER)
    with postgresql.server(programs) as found:
        directory = Path(found["PGHOST"])
        assert (directory / "data" / "postmaster.pid").exists()
    assert (tmp_path / "stopped").exists()
    assert not directory.exists()


def test_a_server_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    programs = install(tmp_path / "bin", initdb=INITDB, postgres="echo no shared memory >&2; exit 1")
    with pytest.raises(SystemExit, match="no shared memory"), postgresql.server(programs):
        pass
