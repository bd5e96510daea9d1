"""Exports of other systems are recognised, imported, and imported again without a change."""

from pathlib import Path

import pytest

from crmctl.imports.expressions import UnknownColumn, parse
from crmctl.imports.file_error import ImportFileError
from crmctl.imports.preset_catalog import OWN, presets, read_mapping
from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import RunImport, counts
from tests.crmctl.preset_samples import SAMPLES, Sample


def put_sample(directory: Path, sample: Sample) -> None:
    for path in directory.iterdir():
        path.unlink()
    for name, text in sample.files.items():
        (directory / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_recognised_and_imported_twice(api: FakeApi, files: Path, run_import: RunImport, name: str) -> None:
    sample = SAMPLES[name]
    put_sample(files, sample)
    first = run_import()
    assert first.exit_code == 0, first.output
    assert f"of {presets()[name].title} (" in first.stderr
    assert [row["name"] for row in api.rows["customers"].values()] == list(sample.names)
    assert {sku: row["price"] for sku, row in api.rows["products"].items()} == (sample.prices or {})
    assert {
        reference: [f"{line['quantity']} {line['sku']} {line['unitPrice']}" for line in row["lines"]]
        for reference, row in api.rows["orders"].items()
    } == (sample.orders or {})
    assert sample.totals in first.stdout
    again = run_import("--from", name)
    assert again.exit_code == 0, again.output
    assert all(created == 0 for created, _, _ in counts(again.stdout).values())


@pytest.mark.no_database
def test_every_system_has_a_sample_and_names_its_source() -> None:
    assert {*SAMPLES, OWN, "django"} == {*presets()}, "the Django CRM has tests of its own"
    for preset in presets().values():
        assert preset.source.startswith(("https://", "docs/"))
        assert all(rules.recognise for rules in preset.kinds.values())


@pytest.mark.no_database
@pytest.mark.parametrize("name", SAMPLES)
def test_no_table_is_recognised_by_two_presets_alike(name: str) -> None:
    """Otherwise the order of the presets would decide."""
    for text in SAMPLES[name].files.values():
        columns = {each.strip('"').casefold() for each in text.split("\n")[0].split(",")}
        fitting = [
            len(rules.recognise)
            for preset in presets().values()
            for rules in preset.kinds.values()
            if columns >= {each.casefold() for each in rules.recognise}
        ]
        assert fitting.count(max(fitting)) == 1, (fitting, columns)


def test_details_of_a_shop_are_kept(api: FakeApi, files: Path, run_import: RunImport) -> None:
    put_sample(files, SAMPLES["shopify"])
    run_import()
    assert [row["name"] for row in api.rows["products"].values()] == [
        "Botanical Print",
        "Canvas Tote Red",
        "Canvas Tote Blue",
        "Müßig Bag Red",
        "Müßig Bag Green",
    ]
    assert [row["stock"] for row in api.rows["products"].values()] == [12, 0, 4, 3, 3]
    assert [row["phone"] for row in api.rows["customers"].values()] == ["+1 (775) 555-0154", None]
    assert api.rows["orders"]["#1002"]["orderDate"] == "2026-09-05T03:59:00Z"


def test_a_preset_that_does_not_fit_is_refused(files: Path, run_import: RunImport) -> None:
    put_sample(files, Sample({"people.csv": "First,Mail\nAnn,a@example.com\n"}))
    result = run_import("--from", "shopify")
    assert result.exit_code == 2
    assert "people.csv is not recognised as a table of Shopify. It has: First, Mail." in result.stderr
    assert "--map customers.name=" in result.stderr


def test_the_stock_of_several_locations_is_added_up_or_one_is_chosen(
    api: FakeApi, files: Path, run_import: RunImport
) -> None:
    put_sample(files, SAMPLES["square"])
    assert "stock from Current Quantity *" in run_import().stderr
    assert [row.get("stock") for row in api.rows["products"].values()] == [12, None]
    text = SAMPLES["square"].files["catalog-2026.csv"]
    for cells, stock in ((",-2,7\n", 5), (",2147483647,7\n", None)):
        api.rows["products"].clear()
        put_sample(files, Sample({"catalog.csv": text.replace(",5,7\n", cells)}))
        assert run_import().exit_code == (0 if stock else 1)
        assert [row.get("stock") for row in api.rows["products"].values()] == ([stock, None] if stock else [None])
    api.rows["products"].clear()
    put_sample(files, Sample({"catalog.csv": text}))
    assert run_import("--map", "products.stock=Current Quantity Kiosk").exit_code == 0
    assert [row.get("stock") for row in api.rows["products"].values()] == [7, None]


PEOPLE = (
    "Vorname;Nachname;Firma;E-Mail;seit\nAnn;Lee;;ann@example.com;13.01.2024\n;;Lee AG;office@example.com;02.01.2024\n"
)


def test_columns_are_mapped_on_the_command_line(api: FakeApi, files: Path, run_import: RunImport) -> None:
    put_sample(files, Sample({"kunden.csv": PEOPLE}))
    maps = ("name=Vorname + Nachname | Firma", "email=e-mail", "created_at=seit", "phone='+49 711 123456'")
    result = run_import(*(word for each in maps for word in ("--map", f"customers.{each}")))
    assert result.exit_code == 0, result.output
    assert [row["name"] for row in api.rows["customers"].values()] == ["Ann Lee", "Lee AG"]
    assert {row["phone"] for row in api.rows["customers"].values()} == {"+49 711 123456"}
    assert [row["createdAt"][:10] for row in api.rows["customers"].values()] == ["2024-01-13", "2024-01-02"]


MAPPING = """
[options]
dates = "mdy"

[customers]
file = "people.csv"
skip = { Kind = ["supplier"] }
[customers.columns]
name = "Who"
email = "Mail"
created_at = "Since"
"""


def test_a_mapping_file_is_a_preset_of_ones_own(api: FakeApi, files: Path, run_import: RunImport) -> None:
    text = "Who,Mail,Since,Kind\nAnn,a@example.com,3/4/2024,buyer\nBob,b@example.com,3/4/2024,supplier\n"
    put_sample(files, Sample({"people.csv": text}))
    Path("mapping.toml").write_text(MAPPING)
    result = run_import("--mapping", "mapping.toml")
    assert result.exit_code == 0, result.output
    assert [row["createdAt"] for row in api.rows["customers"].values()] == ["2024-03-04"]
    assert "people.csv: 1 row was left out" in result.stderr
    assert run_import("--mapping", "mapping.toml", "--map", "customers.name=Kind").exit_code == 1, "the name differs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[customers", "is not valid TOML"),
        ("[clients]", "has unknown keys: clients"),
        ("[customers]\nfields = 1", "unknown keys: fields"),
        ("[customers.columns]\nage = 'Age'", "unknown keys: age"),
        ("customers = 1", "is not a table"),
        ("[options]\nspeed = 1", "unknown keys: speed"),
    ],
)
@pytest.mark.no_database
def test_a_wrong_mapping_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mapping.toml").write_text(text)
    with pytest.raises(ImportFileError, match=message):
        read_mapping(tmp_path / "mapping.toml")


@pytest.mark.parametrize("wrong", ["customers.age=A", "clients.name=A", "customers.name", "customers.name= "])
def test_a_wrong_map_names_the_fields(run_import: RunImport, wrong: str) -> None:
    result = run_import("--map", wrong)
    assert result.exit_code == 2
    assert "customers: name, email, phone, phone_note, created_at" in result.stderr


def test_a_map_of_an_unknown_column_names_the_known(run_import: RunImport) -> None:
    result = run_import("--map", "customers.name=Full name")
    assert result.exit_code == 2
    assert "customers.csv: There is no column 'Full name'. It has: name, email, phone, created_at." in result.stderr


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b", "A B"),
        ("A+B", "A B"),
        ("empty | b", "B"),
        ("empty + a", "A"),
        ("first_name", "F"),
        ("x + y", "sum"),
        ("'one + two'", "one + two"),
        ("'-' + a | b", "- A"),
        ("'no' + empty | b", "B"),
        ("a + '-' + b + '/' + empty", "A - B"),
        ("a + 'end'", "A end"),
        ("cur*", "C"),
        ("b*", "B + X"),
        ("empty | Buyer's + a", "X A"),
    ],
)
def test_expressions(text: str, value: str) -> None:
    columns = ("a", "b", "empty", "First Name", "x + y", "Current stock", "Buyer's")
    assert parse(text, columns, is_strict=True).value(("A", " B ", "", "F", "sum", "C", "X")) == value


@pytest.mark.no_database
def test_presets_may_name_columns_that_a_file_lacks() -> None:
    assert parse("none | a", ("a",), is_strict=False).value(("A",)) == "A"
    with pytest.raises(UnknownColumn, match="no column 'none'"):
        parse("none | a", ("a",), is_strict=True)
    assert parse("a + none", ("a",), is_strict=False).value(("A",)) == "A"
    with pytest.raises(UnknownColumn, match="several columns 'a'"):
        parse("a", ("x", "b*", "A", "a "), is_strict=False)


def test_a_file_of_orders_is_not_taken_for_customers(api: FakeApi, files: Path, run_import: RunImport) -> None:
    """Exports of shops have a Name and an Email as well: there it is the number of the order."""
    orders = Sample({"orders_export.csv": "Name,Email,Total\n#1001,ann@example.com,5.00\n"})
    put_sample(files, orders)
    for options in ((), ("--from", "shopify")):
        result = run_import(*options)
        assert result.exit_code == 2
        assert "orders_export.csv: no column for " in result.stderr
    (files / "orders_export.csv").rename(files / "export.csv")
    assert "no column for customer_email" in run_import("--map", "orders.order_ref=Name").stderr
    assert api.requests == []
    assert "export.csv: customers of crmctl (UTF-8, commas)" in run_import().stderr


def test_a_map_of_a_kind_that_no_file_has_is_refused(api: FakeApi, run_import: RunImport, files: Path) -> None:
    (files / "orders.csv").unlink()
    result = run_import("--map", "orders.order_ref=name")
    assert result.exit_code == 2
    assert '--map orders.order_ref="name" has no effect, because no file has orders.' in result.stderr
    assert api.requests == []


def test_orders_that_were_never_paid_are_left_out(api: FakeApi, files: Path, run_import: RunImport) -> None:
    shop = SAMPLES["shopify"].files
    put_sample(
        files, Sample({**shop, "orders_export_1.csv": shop["orders_export_1.csv"].replace(",paid,", ",Voided,", 1)})
    )
    result = run_import()
    assert result.exit_code == 0, result.output
    assert set(api.rows["orders"]) == {"#1002", "#1003"}
    assert "orders_export_1.csv: 2 rows were left out" in result.stderr
    api.rows["orders"].clear()
    charges = SAMPLES["stripe"].files
    for status in ("failed", "requires_capture"):
        put_sample(files, Sample({name: text.replace(",Failed,", f",{status},") for name, text in charges.items()}))
        assert run_import().exit_code == 0
        assert set(api.rows["orders"]) == set(SAMPLES["stripe"].orders or {})


def test_orders_in_two_currencies_are_refused(api: FakeApi, files: Path, run_import: RunImport) -> None:
    charges = SAMPLES["stripe"].files
    other = {name: text.replace(",usd,", ",eur,", 1) for name, text in charges.items()}
    assert other != charges
    put_sample(files, Sample(other))
    result = run_import()
    assert result.exit_code == 2
    assert "the column Currency has eur and usd, whose amounts cannot be added up." in " ".join(result.stderr.split())
    assert api.rows["orders"] == {}


def test_orders_in_another_currency_than_the_servers_are_refused(
    api: FakeApi, files: Path, run_import: RunImport
) -> None:
    put_sample(files, SAMPLES["stripe"])  # in usd
    api.currency = "EUR"
    result = run_import()
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "the column Currency has usd, but the amounts of this CRM are in EUR." in said
    assert "Nothing was imported" in said
    assert api.rows["customers"] == api.rows["orders"] == {}
    charges = SAMPLES["stripe"].files
    put_sample(files, Sample({name: text.replace(",usd,", ",eur,") for name, text in charges.items()}))
    assert run_import().exit_code == 0
    assert api.rows["orders"]
