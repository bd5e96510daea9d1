"""`crmctl customers|orders|products find|show|edit` against the real API."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.crm import customers, orders, products
from crmctl import product_records, row_lookup, server_settings
from crmctl.version import installed_version
from tests.builders import a_customer, a_product
from tests.crmctl.api_server import ApiServer


def test_a_customer_is_found_by_the_beginning_of_a_name_and_shown_with_orders_and_changes(crm: ApiServer) -> None:
    evans = a_customer("Ann Evans", "ann@evans.example")
    a_customer("Bob Stone", "bob@stone.example")
    lamp = a_product("Lamp", "10.00", 9, "LAMP")
    order = orders.place(evans.id, {lamp.id: 2}).order
    found = crm.crmctl("customers", "find", "eva")
    assert "ann@evans.example" in found.stdout
    assert "Bob" not in found.stdout
    changed = crm.crmctl("customers", "edit", "ann@evans.example", "--phone", "+1 555 0100")
    assert (changed.exit_code, "phone          +1 555 0100" in changed.stdout) == (0, True), changed.output
    shown = crm.crmctl("customers", "show", evans.id)
    for text in ("Ann Evans", order.id, "20.00", "placed", "updateCustomer", "phone: - -> +1 555 0100"):
        assert text in shown.stdout, shown.output
    as_json = json.loads(crm.crmctl("customers", "show", "ann@evans.example", "--json").stdout)
    assert (as_json["id"], as_json["orders"]["edges"][0]["node"]["id"]) == (evans.id, order.id)
    assert crm.crmctl("customers", "edit", evans.id, "--phone", "").exit_code == 0
    row = customers.find(evans.id)
    assert row
    assert (row.phone, row.name) == (None, "Ann Evans")


def test_a_product_is_found_shown_and_changed_by_its_sku(crm: ApiServer) -> None:
    lamp = a_product("Desk lamp", "10.00", 1200, "LAMP")
    assert "1,200" in crm.crmctl("products", "find", "des").stdout
    changed = crm.crmctl("products", "edit", "lamp", "--price", "12.50", "--name", "Bright lamp")
    assert changed.exit_code == 0, changed.output
    orders.place(a_customer().id, {lamp.id: 3})
    shown = crm.crmctl("products", "show", "LAMP").stdout
    for text in ("Bright lamp", lamp.id, "12.50", "name: Desk lamp -> Bright lamp", "stock: -3"):
        assert text in shown, shown
    assert crm.crmctl("products", "edit", lamp.id, "--sku", "").exit_code == 0
    assert products.require(lamp.id).sku is None


def test_an_order_is_found_and_shown_with_lines_and_total(crm: ApiServer) -> None:
    evans = a_customer("Ann Evans", "ann@evans.example")
    lamp, desk = a_product("Lamp", "10.00", 9, "LAMP"), a_product("Desk", "20.00", 9)
    order = orders.place(evans.id, {lamp.id: 2, desk.id: 1}).order
    assert "Ann Evans" in crm.crmctl("orders", "find", order.id).stdout
    shown = crm.crmctl("orders", "show", order.id).stdout
    for text in ("Ann Evans", "ann@evans.example", "LAMP", "Desk", "Total: 40.00"):
        assert text in shown, shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("customers", "show", "nobody@example.com"), "There is no customer 'nobody@example.com'."),
        (("customers", "edit", "cus_x", "--name", "Ann"), "There is no customer 'cus_x'."),
        (("customers", "edit", "cus_x"), "Say what to change: --name, --email or --phone."),
        (("products", "show", "NONE"), "There is no product 'NONE'."),
        (("products", "edit", "NONE", "--price", "1"), "There is no product 'NONE'."),
        (("products", "edit", "NONE"), "Say what to change: --name, --price or --sku."),
        (("orders", "show", "NW-1"), "There is no order 'NW-1'."),
    ],
)
def test_what_does_not_exist_is_said_in_one_line(crm: ApiServer, words: tuple[str, ...], message: str) -> None:
    failed = crm.crmctl(*words)
    assert failed.exit_code == 2
    assert message in failed.stderr


def test_a_customer_without_orders_and_a_search_without_a_hit_say_so(crm: ApiServer) -> None:
    evans = a_customer("Ann Evans", "ann@evans.example")
    assert "There are no orders." in crm.crmctl("customers", "show", evans.id).stdout
    assert crm.crmctl("products", "find", "lamp").stdout == "No product matches.\n"


def test_an_edit_of_what_somebody_else_has_changed_is_refused_and_says_what_there_is_now(crm: ApiServer) -> None:
    evans = a_customer("Ann Evans", "ann@evans.example", phone="+1 555 0100")
    shown = json.loads(crm.crmctl("customers", "show", evans.id, "--json").stdout)["updatedAt"]
    assert f"version        {shown}" in crm.crmctl("customers", "show", evans.id).stdout
    customers.update(evans.id, {"phone": "+1 555 0200"})
    refused = crm.crmctl("customers", "edit", evans.id, "--phone", "+1 555 0300", "--seen", shown)
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert "Nothing was changed. Somebody has changed it since. It has now name Ann Evans" in said
    assert "phone +1 555 0200" in said
    row = customers.find(evans.id)
    assert row
    assert row.phone == "+1 555 0200"
    again = said.rpartition("--seen ")[2].rstrip(".")
    changed = crm.crmctl("customers", "edit", evans.id, "--phone", "+1 555 0300", "--seen", again)
    assert (changed.exit_code, "+1 555 0300" in changed.stdout) == (0, True), changed.output


def test_an_edit_of_a_product_says_what_it_has_seen(crm: ApiServer) -> None:
    lamp = a_product("Lamp", "10.00", 9, "LAMP")
    products.update(lamp.id, {"price": Decimal("11.00")})
    refused = crm.crmctl("products", "edit", "LAMP", "--price", "12.00", "--seen", lamp.updated_at)
    assert (refused.exit_code, products.require(lamp.id).cents) == (2, 1100), refused.output
    assert crm.crmctl("products", "edit", "LAMP", "--price", "12.00").exit_code == 0
    (sent,) = [json.loads(body)["variables"] for body in crm.requests[-1:]]
    assert sent["expectedUpdatedAt"], "also without the option"


def test_a_server_that_lacks_a_field_is_said_to_be_older(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_lookup, "PRODUCT", row_lookup.PRODUCT.replace("updatedAt", "newField"))
    monkeypatch.setattr(product_records, "EDITED", replace(product_records.EDITED, lookup=row_lookup.PRODUCT))
    failed = crm.crmctl("products", "edit", "LAMP", "--price", "12.00")
    said = " ".join(failed.stderr.split())
    assert failed.exit_code == 2
    assert f"The server at {crm.url} is older than this crmctl ({installed_version()}): " in said
    assert "Cannot query field 'newField' on type 'Product'" in said


def test_a_server_without_settings_has_their_defaults(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_settings, "_SETTINGS", "query Settings { noSettings { timeZone currency } }")
    a_product("Lamp", "10.00", 9, "LAMP")
    done = crm.crmctl("export", "products")
    assert (done.exit_code, "USD" in done.stdout) == (0, True), done.output


def test_a_wrong_value_is_refused_in_the_words_of_the_api_and_changes_nothing(crm: ApiServer) -> None:
    evans = a_customer("Ann Evans", "ann@evans.example")
    failed = crm.crmctl("customers", "edit", evans.id, "--email", "no address")
    assert (failed.exit_code, customers.find(evans.id)) == (2, evans), failed.output
