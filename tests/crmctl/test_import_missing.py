"""`--create-missing`: orders whose customers and products stand in no file."""

from pathlib import Path

from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import RunImport, counts, rejected, write
from tests.crmctl.preset_samples import SAMPLES, Sample
from tests.crmctl.test_import_presets import put_sample

ORDERS = """order_ref;customer_email;order_date;sku;quantity;unit_price;customer_name;product_name
A-1;new@example.com;2024-05-01;TEA;1;4,50;;
A-1;;;GONE;2;0,00;;Old mug
A-2;NEW@example.com;2024-05-02;gone;1;1.299,50;Nora New;Old mug
A-3;none;2024-05-02;FREE;1;0;;
"""


def test_customers_and_products_of_orders_are_created(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, orders=ORDERS)
    assert run_import("--thousands", "point").exit_code == 1, "nobody has said that they should be created"
    api.rows["orders"].clear()
    result = run_import("--thousands", "point", "--create-missing")
    assert counts(result.stdout) == {"customers": (1, 2, 1), "products": (1, 2, 0), "orders": (2, 0, 1)}
    assert api.rows["customers"]["new@example.com"]["name"] == "new"
    assert {name: api.rows["products"]["gone"][name] for name in ("name", "price")} == {
        "name": "Old mug",
        "price": "1299.50",
    }
    assert "stock" not in api.rows["products"]["gone"]
    assert [(line, code) for line, code, _ in rejected(Path("orders.rejected.csv"))] == [(5, "INVALID_CUSTOMER_ID")]
    assert "One of the customers of the orders was rejected: INVALID_EMAIL" in Path("orders.rejected.csv").read_text()
    assert rejected(Path("customers.rejected.csv")) == []


def test_what_exists_is_not_changed(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, orders=ORDERS.replace("none;", "alice@example.com;"))
    run_import("--thousands", "point", "--create-missing")
    api.rows["products"]["gone"]["name"] = "Mug of 2019"
    again = run_import("--thousands", "point", "--create-missing", "--update")
    assert again.exit_code == 0, again.output
    assert api.rows["products"]["gone"]["name"] == "Mug of 2019"


def test_the_orders_of_a_shop_are_enough(api: FakeApi, files: Path, run_import: RunImport) -> None:
    shop = SAMPLES["shopify"].files["orders_export_1.csv"]
    put_sample(files, Sample({"orders_export_1.csv": shop}))
    result = run_import("--create-missing")
    assert result.exit_code == 0, result.output
    assert "customers of the orders" not in result.stderr, "only files are recognised"
    assert [row["name"] for row in api.rows["customers"].values()] == ["Ada Example", "Bo"]
    assert [row["name"] for row in api.rows["products"].values()] == [
        "Botanical Print",
        "Canvas Tote - Red",
        "Müßig Bag - Red",
    ]
    assert "3 orders, 61.29 here, 61.29 in the file" in result.stdout


def test_a_price_with_two_meanings_makes_no_product(api: FakeApi, files: Path, run_import: RunImport) -> None:
    header = ORDERS.splitlines()[0].replace(";", ",")
    write(files, orders=f"{header}\nA-1,alice@example.com,2024-05-01,GONE,1,1.000,,\n")
    assert run_import("--create-missing").exit_code == 1
    assert "GONE" not in api.rows["products"]
    assert [code for _, code, _ in rejected(Path("orders.rejected.csv"))] == ["INVALID_NUMBER"]
