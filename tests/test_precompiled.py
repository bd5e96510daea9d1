"""Are generated code and patterns taken from the file of the package, if they are in it, and compiled otherwise?"""

import builtins
import collections
import dataclasses
import marshal
import re
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from chalicelib import precompiled

pytestmark = pytest.mark.no_database
COMPILER: Any = vars(re)["_compiler"]
PATCHED: tuple[tuple[ModuleType, str], ...] = (
    (collections, "eval"),
    (dataclasses, "exec"),
    (typing, "compile"),
    (COMPILER, "compile"),
)


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = [vars(module).get(name) for module, name in PATCHED]
    re.purge()
    yield
    re.purge()
    for (module, name), value in zip(PATCHED, before, strict=True):
        if value is None:
            vars(module).pop(name, None)
        else:
            vars(module)[name] = value


Write = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    def write(**content: Any) -> Path:
        file = tmp_path / "precompiled.bin"
        given = {"python": precompiled.FOR_PYTHON, "exec": {}, "eval": {}, "compile": {}, "patterns": {}} | content
        file.write_bytes(marshal.dumps(given))
        return file

    return write


def code(text: str, mode: str) -> bytes:
    return marshal.dumps(compile(text, "<string>", mode))


def test_the_constructor_of_a_namedtuple_is_taken_from_the_file(written: Write) -> None:
    given = "lambda _cls, first, second: _tuple_new(_cls, (first, second))"
    swapped = "lambda _cls, first, second: _tuple_new(_cls, (second, first))"
    precompiled.install(written(eval={given: code(swapped, "eval")}))
    make: Any = collections.namedtuple  # noqa: PYI024 - it is what typing.NamedTuple calls
    assert make("Pair", "first second")(1, 2) == (2, 1)
    assert make("Other", "one two")(1, 2) == (1, 2)


def test_the_methods_of_a_dataclass_are_taken_from_the_file(written: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []

    def run_and_keep(text: str, *namespaces: dict[str, Any]) -> None:
        texts.append(text)
        builtins.exec(text, *namespaces)  # noqa: S102 - as dataclasses does

    monkeypatch.setitem(vars(dataclasses), "exec", run_and_keep)
    dataclasses.make_dataclass("Point", ["x"])
    changed = {text: code(text.replace("=x", "=x+100"), "exec") for text in texts}
    assert any(text != text.replace("=x", "=x+100") for text in texts)
    precompiled.install(written(exec=changed))
    assert dataclasses.make_dataclass("Point", ["x"])(1).x == 101
    assert dataclasses.make_dataclass("Other", ["y"])(1).y == 1


def test_an_annotation_is_taken_from_the_file(written: Write) -> None:
    precompiled.install(written(compile={"TakenFromTheFile": code("int", "eval")}))
    found: CodeType = typing.ForwardRef("TakenFromTheFile").__forward_code__
    assert found.co_names == ("int",)
    assert typing.ForwardRef("CompiledAsEver").__forward_code__.co_names == ("CompiledAsEver",)


@pytest.mark.parametrize("given", ["written as text", b"written as bytes"])
def test_a_pattern_is_taken_from_the_file(written: Write, given: Any) -> None:
    translated: list[tuple[Any, ...]] = []
    in_c = sys.modules["_sre"]

    class Recorded:
        MAGIC = in_c.MAGIC

        def compile(self, _pattern: Any, *rest: Any) -> None:
            translated.append(rest)

    COMPILER._sre, before = Recorded(), COMPILER._sre
    try:
        COMPILER.compile(given[:7] + given[:1] * 2)
    finally:
        COMPILER._sre = before
    (rest,) = translated
    arguments = (int(rest[0]), [int(number) for number in rest[1]], *rest[2:])
    precompiled.install(written(patterns={(given, 0): arguments}))
    assert re.compile(given).fullmatch(given[:7] + given[:1] * 2)
    assert re.compile(given, re.IGNORECASE).fullmatch(given), "other flags are another pattern"
    assert re.compile(given[:7]).fullmatch(given[:7])


def test_a_file_of_another_python_is_not_used(written: Write) -> None:
    precompiled.install(written(python=(b"other", 1)))
    assert not any(name in vars(module) for module, name in PATCHED[:3])


def test_without_a_file_nothing_changes(tmp_path: Path) -> None:
    precompiled.install(tmp_path / "absent.bin")
    assert not any(name in vars(module) for module, name in PATCHED[:3])


def test_a_checkout_has_no_file() -> None:
    assert not precompiled.FILE.exists()
