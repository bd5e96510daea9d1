"""The console's import settles conflicts as crmctl does: refunds since the last import, and refunds that have grown."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.browser import import_rules
from tests.conftest import ROOT

pytestmark = pytest.mark.no_database
SCRIPT = ROOT / "tests" / "clients" / "settle_conflicts.mjs"
CONFLICT = {"code": "REFERENCE_CONFLICT", "message": "The order exists already, with other content"}
AT = "2026-03-01T10:00:00Z"


def settled(directory: Path, orders: dict[str, Any], *records: dict[str, Any]) -> Any:
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    for file in (*import_rules.FILE.parent.glob("import_*"), SCRIPT):
        shutil.copy(file, directory)
    (directory / "package.json").write_text('{"type": "module"}')
    results = [{"record": record, "error": CONFLICT} for record in records]
    (directory / "cases.json").write_text(json.dumps({"orders": orders, "results": results}))
    done = subprocess.run(
        ["node", SCRIPT.name, ".", "cases.json"], cwd=directory, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def order(total: str, email: str = "ann@example.com", **more: Any) -> dict[str, Any]:
    return {
        "id": f"id of {total}",
        "orderDate": AT,
        "totalAmount": total,
        "customer": {"email": email},
        "lines": [],
        "adjustments": [{"kind": "REFUND"}],
        **more,
    }


def record(reference: str, cents: int, at: str = AT, **more: bool) -> dict[str, Any]:
    content = {"reference": reference, "customerEmail": " ANN@example.com", "orderDate": at, "lines": []}
    return {"input": content, "lines": [2], "warnings": [], "cents": cents, **more}


def test_a_net_order_that_was_refunded_since_is_there_already(tmp_path: Path) -> None:
    orders = {"1": order("17.00"), "2": order("17.00", "bob@example.com"), "3": order("18.00"), "4": order("17.00")}
    given = [record(str(number), 1700, isNet=True) for number in (1, 2, 3, 9)]
    given += [
        record("4", 1700, "2026-03-02", isNet=True),
        record("4", 1700, "2026-03-03", isNet=True),
        record("1", 1700),
    ]
    found = settled(tmp_path, orders, *given)
    assert [row[0] for row in found["settled"]] == ["id of 17.00", None, None, None, "id of 17.00", None, None]
    assert [row[2] for row in found["settled"]].count(CONFLICT["message"]) == 5
    assert found["sent"] == []


def test_what_a_refund_has_grown_by_is_booked(tmp_path: Path) -> None:
    orders = {"1-refund": order("-2.00"), "1-refund-2": order("-3.50"), "2-refund": order("-2.00")}
    orders |= {"3-refund": order("-5.00"), "4-refund": order("-5.00", adjustments=[{"kind": "DISCOUNT"}])}
    found = settled(
        tmp_path,
        orders,
        *(record(f"{number}-refund", -550, isRefund=True) for number in (1, 2, 4)),
        record("3-refund", -400, isRefund=True),
    )
    there, grown, other, smaller = found["settled"]
    assert there == ["id of -2.00", False, None, -550]
    assert grown == ["new 2-refund-2", True, None, -550]
    assert (other[0], smaller[0]) == (None, None)
    assert "is more than the file says" in smaller[2]
    (sent,) = found["sent"]
    assert (sent["reference"], sent["adjustments"]) == ("2-refund-2", [{"kind": "REFUND", "amount": "-3.50"}])
