"""Code that Python generates and compiles while modules are imported, taken from a file that packaging has made.

A dataclass writes its methods as text and compiles it, a namedtuple does so with its constructor, `typing` compiles annotations
that are strings, and `re` translates each pattern in Python. The modules of a function have hundreds of these: a fifth of a cold
start (measured, Python 3.13). No bytecode file keeps the results, so `deploy.start_recorder` puts them into one of our own. Its
keys are the whole texts: what is not in the file is compiled as ever. Only a package has the file.
"""

import builtins
import collections
import marshal
import re
import sys
from collections.abc import Callable, Mapping
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("precompiled.bin")
FOR_PYTHON = (MAGIC_NUMBER, vars(re)["_compiler"].MAGIC)
"""The versions of bytecode and of translated patterns. All releases of a Python such as 3.13 have the same."""
USERS = {"eval": "collections", "exec": "dataclasses", "compile": "typing"}
"""Which module calls which builtin. It looks the name up in the module first."""


def install(file: Path = FILE) -> None:
    """Let `re` and these modules look in the file first. Without a file for this Python, change nothing."""
    try:
        content = marshal.loads(file.read_bytes())  # noqa: S302 - a file of the package, as its bytecode is
    except FileNotFoundError:
        return
    if content["python"] != FOR_PYTHON:
        return
    compiler = vars(re)["_compiler"]
    compiler.compile = _with_patterns(compiler.compile, content["patterns"])
    vars(collections)["eval"] = _running(builtins.eval, content["eval"])
    # These two import modules with namedtuples and patterns.
    import dataclasses  # noqa: PLC0415
    import typing  # noqa: PLC0415

    vars(dataclasses)["exec"] = _running(builtins.exec, content["exec"])
    vars(typing)["compile"] = _compiling(content["compile"])


def _running(run: Callable[..., Any], codes: Mapping[str, bytes]) -> Callable[..., Any]:
    def run_compiled(text: str, *namespaces: dict[str, Any]) -> Any:
        found = codes.get(text)
        return run(text if found is None else marshal.loads(found), *namespaces)  # noqa: S302 - as above

    return run_compiled


def _compiling(codes: Mapping[str, bytes]) -> Callable[..., Any]:
    def take_or_compile(text: str, file: str, mode: str) -> Any:
        found = codes.get(text) if mode == "eval" else None
        return compile(text, file, mode) if found is None else marshal.loads(found)  # noqa: S302 - as above

    return take_or_compile


def _with_patterns(translate: Callable[..., Any], patterns: Mapping[Any, tuple[Any, ...]]) -> Callable[..., Any]:
    create: Any = sys.modules["_sre"].compile

    def take_or_translate(pattern: Any, flags: int = 0) -> Any:
        found = patterns.get((pattern, int(flags))) if isinstance(pattern, str | bytes) else None
        return translate(pattern, flags) if found is None else create(pattern, *found)

    return take_or_translate
