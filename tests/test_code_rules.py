"""The rules of the house: types, style, direction of imports, sizes."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [
    ROOT / "app.py",
    *(
        file
        for name in ("chalicelib", "localdev", "crmctl", "deploy", "benchmarks")
        for file in (ROOT / name).rglob("*.py")
    ),
]
pytestmark = pytest.mark.no_database


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_stay_small(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= 300
    tree = ast.parse(text)
    if text:
        assert ast.get_docstring(tree), "a module says what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 45, node.name
