"""`crmctl adjust-stock` against the real API."""

from chalicelib.crm import products
from tests.builders import a_product
from tests.crmctl.api_server import ApiServer


def test_stock_is_adjusted_by_sku_in_both_directions(crm: ApiServer) -> None:
    lamp = a_product("Lamp", stock=10, sku="LAMP")
    result = crm.crmctl("adjust-stock", "lamp", "--by", "5", "--reason", "delivery")
    assert (result.exit_code, result.stdout) == (0, "Lamp: 15 in stock\n")
    assert crm.crmctl("adjust-stock", "LAMP", "--by", "-15", "--reason", "fire").stdout == "Lamp: 0 in stock\n"
    found = products.find(lamp.id)
    assert found is not None
    assert found.stock == 0


def test_an_impossible_adjustment_is_reported_in_the_words_of_the_api(crm: ApiServer) -> None:
    a_product("Lamp", stock=10, sku="LAMP")
    result = crm.crmctl("adjust-stock", "LAMP", "--by", "-11", "--reason", "fire")
    assert result.exit_code == 2
    assert "The stock is 10. After the change by -11 it must stay from 0 to" in result.stderr
    unknown = crm.crmctl("adjust-stock", "CHAIR", "--by", "1", "--reason", "found")
    assert (unknown.exit_code, unknown.stderr) == (2, "Error: There is no product with the SKU 'CHAIR'.\n")
