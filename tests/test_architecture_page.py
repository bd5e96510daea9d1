"""docs/architecture.md tells the truth about the modules that an order, a firing and an imported row pass through."""

import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from click.testing import CliRunner

from crmctl.cli import main
from tests.api.shop import Shop
from tests.builders import a_product
from tests.conftest import ROOT
from tests.crmctl.api_server import running_server
from tests.crmctl.import_files import CUSTOMERS, ORDERS, PRODUCTS, write
from tests.deploy.scheduled_calls import fire
from tests.markdown import Page

PAGE = Page(ROOT / "docs" / "architecture.md")
ORDER, FIRING, ROW = WAYS = "The path of an order", "The path of a scheduled firing", "The path of an imported row"


def steps(title: str) -> list[str]:
    return re.findall(r"^\d+\. \**`([\w.]+)`", PAGE.section(title), re.MULTILINE)


def entered(work: Callable[[], object]) -> list[str]:
    """The modules that `work` enters, one after another, in this thread and in those that it starts."""
    found = [""]

    def note(frame: FrameType, event: str, _argument: object) -> None:
        name = frame.f_globals.get("__name__", "") if event == "call" else ""
        if name.partition(".")[0] in {"app", "chalicelib", "crmctl"} and name != found[-1]:
            found.append(name)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return found


def missing_steps(wanted: list[str], found: list[str]) -> list[str]:
    """What is left of `wanted` after the last one that came in its order."""
    passing = iter(found)
    return [name for name in wanted if name not in passing]


@pytest.mark.no_database
@pytest.mark.parametrize("title", WAYS)
def test_a_way_has_at_most_ten_modules_none_of_them_twice(title: str) -> None:
    names = steps(title)
    assert 8 <= len(names) <= 10
    assert len(set(names)) == len(names)
    assert len(re.findall(r"^\d+\. \*\*`", PAGE.section(title), re.MULTILINE)) == 1, "one conductor"
    for name in names:
        assert ROOT.joinpath(*name.split(".")).with_suffix(".py").exists(), name


def test_an_order_passes_through_its_modules_in_their_order() -> None:
    shop = Shop()
    app, *wanted = steps(ORDER)
    assert app == "app", "Chalice's part is left out here"
    assert missing_steps(wanted, entered(lambda: shop.order("a key"))) == []


def test_a_firing_passes_through_its_modules_in_their_order() -> None:
    a_product(stock=3)
    assert missing_steps(steps(FIRING), entered(lambda: fire("low_stock", "2026-11-23T12:00:00"))) == []


def test_an_imported_row_passes_through_its_modules_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, customers=CUSTOMERS, products=PRODUCTS, orders=ORDERS)

    def load() -> None:
        with running_server() as server:
            done = CliRunner().invoke(main, ["import", str(tmp_path), "--url", server.url])
            assert done.exit_code == 0, done.output

    assert missing_steps(steps(ROW), entered(load)) == []


@pytest.mark.no_database
def test_a_wrong_order_would_be_noticed() -> None:
    """The control."""
    assert missing_steps(["a", "b"], ["a", "c", "b"]) == []
    assert missing_steps(["b", "a"], ["a", "c", "b"]) == ["a"]
