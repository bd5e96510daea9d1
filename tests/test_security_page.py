"""The page about security: each defence has tests, and they are where the page says."""

import re

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.no_database
PAGE = ROOT / "docs" / "security.md"
_TEST = re.compile(r"`((?:tests|\.github)/[^`]*)`")


def test_each_defence_names_tests_that_exist() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) > 30
    for row in rows:
        tests = _TEST.findall(row.rsplit("|", 2)[1])
        assert tests, row
        assert [name for name in tests if not (ROOT / name).exists()] == []
