"""Every command of the pages about imports runs, in their order, on files such as they describe."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmctl.cli import main
from tests.conftest import ROOT
from tests.crmctl.api_server import ApiServer
from tests.crmctl.django_crm import write_database
from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import CUSTOMERS, ORDERS, PRODUCTS, write
from tests.markdown import Page

IMPORT, DJANGO = (Page(ROOT / "docs" / name) for name in ("import.md", "from-django.md"))


def commands(page: Page) -> list[tuple[str, ...]]:
    return [
        each.words[1:] for each in page.commands() if each.words[:2] == ("crmctl", "import") and not each.is_mention
    ]


@pytest.fixture
def described_files() -> None:
    """Files in the working directory that the commands name."""
    directory = Path("exports")
    directory.mkdir()
    write(directory, customers=CUSTOMERS, products=PRODUCTS, orders=ORDERS)
    Path("people.csv").write_text("First,Last,Company,Mail,Since,Kind\nAnn,Lee,,ann@example.com,13/1/2024,buyer\n")
    (mapping,) = IMPORT.blocks("toml")
    Path("people.toml").write_text(mapping)
    write_database(Path("db.sqlite3"))


@pytest.mark.usefixtures("described_files")
def test_the_commands_of_the_page_run(api: FakeApi) -> None:
    found = commands(IMPORT)
    assert len(found) >= 8
    for words in found:
        if "cp1252" in words or "," in words:  # for files in another format
            write(Path("exports"), customers=CUSTOMERS.replace(",", ";") if "cp1252" in words else CUSTOMERS)
            (Path("exports") / "products.csv").unlink(missing_ok=True)
            (Path("exports") / "orders.csv").unlink(missing_ok=True)
        if "customers.rejected.csv" in words:
            Path("customers.rejected.csv").write_text(
                CUSTOMERS.replace("created_at\n", "created_at,line,code,reason,because\n")
                .replace("\n", ",,,,\n")
                .replace("because,,,,", "because")
            )
        done = CliRunner().invoke(main, [*words, "--url", api.url])
        assert done.exit_code == 0, (words, done.output)
    assert api.rows["customers"]["ann@example.com"]["createdAt"] == "2024-01-13"


@pytest.mark.usefixtures("described_files")
def test_the_commands_of_the_page_about_django_run(crm: ApiServer) -> None:
    found = commands(DJANGO)
    assert len(found) == 2
    for words in found:
        done = crm.crmctl(*words)
        assert done.exit_code == 0, (words, done.output)
    assert "3 orders, 64.33 here, 64.33 in the file" in done.stdout


@pytest.mark.no_database
def test_the_page_has_every_code_of_the_import() -> None:
    modules = ("order_rows", "row_values", "import_rows", "prepared_rows", "tally", "import_updates")
    source = " ".join((ROOT / "crmctl" / f"{name}.py").read_text("utf-8") for name in modules)
    codes = set(re.findall(r'"([A-Z]+_[A-Z_]+)"', source)) - {"INVALID_CUSTOMER_ID", "INVALID_PRODUCT_IDS"}
    assert len(codes) > 8
    assert codes == {code for code in re.findall(r"`([A-Z]+_[A-Z_]+)`", IMPORT.text) if not code.startswith("CRM_")}
