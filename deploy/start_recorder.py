"""Imports all modules of a package, and records what Python compiles meanwhile: `python -S start_recorder.py PACKAGE`.

It writes the files that `chalicelib.precompiled` and `chalicelib.api.graphql.sdl` read. The process finds only the package and
the standard library, so the result depends on nothing but the package and the Python. Modules that generate code themselves are
imported only after recording began.
"""

import builtins
import collections
import marshal
import re
import sys
import typing
from collections.abc import Callable
from typing import Any

_VERSION = 2
"""Of marshal's format: later ones also depend on who else refers to an object."""
Codes = dict[str, bytes]


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    codes: dict[str, Codes] = {"eval": {}, "exec": {}, "compile": {}}
    patterns = record_patterns()
    vars(collections)["eval"] = recorded("eval", builtins.eval, codes["eval"])
    import dataclasses

    vars(dataclasses)["exec"] = recorded("exec", builtins.exec, codes["exec"])
    vars(typing)["compile"] = recorded_annotations(codes["compile"])
    import_all()
    from chalicelib import precompiled
    from chalicelib.api.graphql import sdl

    sdl.keep_parsed()
    content = {"python": precompiled.FOR_PYTHON, "patterns": patterns, **codes}
    precompiled.FILE.write_bytes(marshal.dumps(content, _VERSION))


def recorded(mode: str, run: Callable[..., Any], found: Codes) -> Callable[..., Any]:
    def run_and_record(text: str, *namespaces: dict[str, Any]) -> Any:
        code = compile(text, "<string>", mode, dont_inherit=True)
        found[text] = marshal.dumps(code, _VERSION)
        return run(code, *namespaces)

    return run_and_record


def recorded_annotations(found: Codes) -> Callable[..., Any]:
    def compile_and_record(text: str, file: str, mode: str) -> Any:
        code = compile(text, file, mode, dont_inherit=True)
        if mode == "eval":
            found[text] = marshal.dumps(code, _VERSION)
        return code

    return compile_and_record


def record_patterns() -> dict[Any, tuple[Any, ...]]:
    """Keep what `re` gives to its part in C for each pattern."""
    compiler: Any = vars(re)["_compiler"]
    translate, in_c = compiler.compile, compiler._sre
    found: dict[Any, tuple[Any, ...]] = {}
    given: list[tuple[Any, ...]] = []

    class Recorded:
        def __getattr__(self, name: str) -> Any:
            return getattr(in_c, name)

        def compile(self, pattern: Any, flags: int, code: list[int], *rest: Any) -> Any:
            given.append((int(flags), [int(number) for number in code], *rest))
            return in_c.compile(pattern, flags, code, *rest)

    def translate_and_record(pattern: Any, flags: int = 0) -> Any:
        made = translate(pattern, flags)
        if isinstance(pattern, str | bytes):
            found[pattern, int(flags)] = given[-1]
        return made

    compiler._sre, compiler.compile = Recorded(), translate_and_record
    return found


def import_all() -> None:
    """Import what the functions import, at their start or later."""
    import importlib
    import pkgutil

    importlib.import_module("app")
    import chalicelib
    from chalicelib import aws

    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    for service in ("sqs", "sns", "sesv2"):
        aws.client(service)


if __name__ == "__main__":
    main()
