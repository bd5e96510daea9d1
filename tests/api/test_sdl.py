"""Is the parsed document that packaging keeps the one that parsing gives, and never used for another text?"""

from pathlib import Path

import pytest
from graphql import parse

from chalicelib.api.graphql import sdl

pytestmark = pytest.mark.no_database


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    file, parsed = tmp_path / "schema.graphql", tmp_path / "schema.pickle"
    file.write_bytes(sdl.FILE.read_bytes())
    sdl.keep_parsed(file, parsed)
    return file, parsed


def _refuse(*_arguments: object, **_options: object) -> None:
    raise AssertionError("it is parsed already")


def test_what_is_kept_is_what_parsing_gives(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = parse(sdl.FILE.read_text("utf-8"), no_location=True)
    monkeypatch.setattr(sdl, "parse", _refuse)
    assert sdl.load(*files) == whole


def test_it_is_not_used_for_another_text(files: tuple[Path, Path]) -> None:
    file, parsed = files
    file.write_text("type Query { other: Int }", "utf-8")
    assert sdl.load(file, parsed) == parse("type Query { other: Int }", no_location=True)


def test_it_is_not_used_with_another_graphql_core(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdl, "version", "0.0.1")
    monkeypatch.setattr("pickle.loads", _refuse)
    assert sdl.load(*files) == parse(sdl.FILE.read_text("utf-8"), no_location=True)


def test_a_checkout_parses(tmp_path: Path) -> None:
    assert not sdl.PARSED.exists()
    file = tmp_path / "schema.graphql"
    file.write_text("type Query { one: Int }", "utf-8")
    assert sdl.load(file, tmp_path / "absent.pickle") == parse("type Query { one: Int }", no_location=True)
