"""Makes docs/graphiql.png again: `python -m tests.browser.screenshots`, with a chromium on the PATH."""

from tests.conftest import ROOT  # first: it sets the environment

# isort: split
from moto import mock_aws

from chalicelib.crm import database
from chalicelib.jobs import queue
from tests.browser.chromium import opened_tab, served
from tests.builders import a_product

FILE = ROOT / "docs" / "graphiql.png"
PRODUCTS = (
    ("Desk lamp", "34.90", 2),
    ("Ballpoint pen, blue", "1.20", 4),
    ("Notebook A5", "3.50", 7),
    ("Stapler", "8.90", 9),
)


def main() -> None:
    with mock_aws():
        database.create_tables()
        queue.create()
        for name, price, stock in PRODUCTS:
            a_product(name, price, stock)
        with served() as url, opened_tab() as tab:
            tab.page.goto(url)
            tab.page.locator(".graphiql-execute-button").click()
            tab.page.locator(".result-window", has_text="Stapler").wait_for()
            tab.page.get_by_label("Show Documentation Explorer").click()
            tab.page.get_by_role("link", name="Query", exact=True).wait_for()
            FILE.parent.mkdir(exist_ok=True)
            tab.page.screenshot(path=FILE)
    print(f"{FILE}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
