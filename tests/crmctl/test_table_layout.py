"""Which columns a terminal shows."""

import pytest

from crmctl.table_layout import lay_out, measure
from crmctl.wrapping import wrap

pytestmark = pytest.mark.no_database
SIZES = [
    measure(0, 0, ["job", "customer_cleanup"], wraps=False),
    measure(1, 2, ["schedule", "At minute 0 past every 12th hour, Europe/Berlin"], wraps=True),
    measure(2, 1, ["by", "-"], wraps=True),
    measure(3, 3, ["average", "3 min 20 s"], wraps=False),
    measure(4, 0, ["slot", "2026-11-27T11:30:00.123456Z"], wraps=False),
]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (None, {0: 16, 1: 47, 2: 2, 3: 10, 4: 27}),
        (120, {0: 16, 1: 47, 2: 2, 3: 10, 4: 27}),
        (100, {0: 16, 1: 41, 3: 10, 4: 27}),
        (80, {0: 16, 1: 33, 4: 27}),
        (70, {0: 16, 3: 10, 4: 27}),
        (69, None),
        (20, None),
    ],
)
def test_columns_are_dropped_by_rank_and_texts_wrap(width: int | None, shown: dict[int, int] | None) -> None:
    assert lay_out(SIZES, width) == shown


def test_a_narrow_table_stays_a_table() -> None:
    assert lay_out(SIZES[:1], 20) == {0: 16}


def test_rows_that_do_not_fit_become_blocks() -> None:
    wide = [measure(place, 0, ["title", "x" * 50], wraps=True) for place in range(2)]
    assert lay_out(wide, 80) is None


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("at 2026-11-22 08:00 UTC", ["at", "2026-11-22 08:00 UTC"]),
        ("it ran 3 min 20 s ago for once", ["it ran", "3 min 20 s ago for", "once"]),
        ("x" * 30 + " y", ["x" * 30, "y"]),
        (
            "\u5c71\u7530 \u592a\u90ce " * 3,
            ["\u5c71\u7530 \u592a\u90ce \u5c71\u7530 \u592a\u90ce", "\u5c71\u7530 \u592a\u90ce "],
        ),
        ("    File a.py, line 17, in f", ["    File a.py, line", "17, in f"]),
        ("   ", ["   "]),
        ("", [""]),
    ],
)
def test_text_wraps_at_spaces_but_not_within_a_date_or_a_duration(text: str, lines: list[str]) -> None:
    assert wrap(text, 19) == lines
