"""Files that crmctl and the console must read alike: the samples of the presets, awkward files, and tables made by chance."""

import csv
import io
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.crmctl.import_files import CUSTOMERS, ORDERS, PRODUCTS
from tests.crmctl.preset_samples import SAMPLES


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    """The name of the file."""
    data: bytes
    formats: Mapping[str, str] = field(default_factory=dict)
    """What the user says about numbers and dates."""
    orders: Mapping[str, Any] = field(default_factory=dict)
    """The options of orders, in the console's words."""
    read: Mapping[str, str] = field(default_factory=dict)
    """Encoding and delimiter."""


_ORDERS = "order_ref,customer_email,order_date,sku,quantity,unit_price"
_AMOUNTS = f"{_ORDERS},total,discount,shipping,tax,rounding,refund,refund_date"
_DATES = [
    "2024-01-31",
    "2024-1-5",
    "20240131",
    "2024-01-31T10:20",
    "2024-01-31T10:20:30.5+02:00",
    "2024/02/29",
    "2023-02-29",
    "2024-13-01",
    "0000-01-01",
    "31/1/2024",
    "1/31/2024",
    "5.5.2024",
    "3/4/2024",
    "31.12.2024",
    "9999-12-31T23:30-05:00",
    "0024-01-01",
    "2024-01-31Z",
    "2024-01-31T24:00",
    "nonsense",
]
_SPACED_DATES = (
    "2026-09-10 09:00:00 UTC",
    "2026-09-03 10:14:00 -0400",
    "9/3/2026, 11:05 PM",
    "13/3/2026 12:05 am",
    "13/3/2026 13:05 PM",
    "2026-09-10 9:05 GMT",
    "2026-09-10T09:05:00.123456789Z",
    "2026-09-10 25:00",
)
_NUMBERS = [
    "1",
    "1.5",
    "1,5",
    "1.000",
    "1,000",
    "12.50",
    "1,234.50",
    "1.234,50",
    "-3",
    "+4",
    ".5",
    "5.",
    "0.125",
    "1e3",
    "$9.99",
    "9.99€",
    "\u22122",
    "1'000",
    "1",
    "000",
    "99999999999",
    "2147483648",
    "abc",
    "39.0",
]
_PHONES = (
    "'+1 (775) 555-0154",
    "+49 30 123456 ext. 12",
    "030/1234567; 030/7654321",
    "tel: 555 1234567",
    "n/a",
    "\u200e+33\u00a06\u00a000\u00a000\u00a000\u00a000",
    "12345",
    "+1\u2010555\u2010123\u20104567 x9",
    "0123456789012345678",
    "tel: ask\u2028Anna",
    "-",
    "\u3164",
    "\U0001f4de " * 60,
    "n\u00e4chste Woche, " * 9,
)
_NOTES = ("ask Anna", "\u202ea\u2066b", "\u00bd " * 60, "")


def cases() -> Iterator[Case]:
    for sample in SAMPLES.values():
        for name, text in sample.files.items():
            yield Case(name, text.encode())
    for kind, text in (("customers", CUSTOMERS), ("products", PRODUCTS)):
        yield from (Case(f"{kind}.csv", text.encode(code)) for code in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"))
    yield from _files()
    yield from _values()
    yield from _order_rows()
    yield from _awkward_shops()
    yield from _random_tables(random.Random(7), 60)


def _files() -> Iterator[Case]:
    head, row = b"name,email,phone\n", b"Ann,ann@example.com,\n"
    texts = {
        "blank rows and columns": b"\n,,\nname,email,,\n\nAnn,a@example.com,,\n , ,,\nBob,b@example.com,,,,\n",
        "repaired rejects": b"name,email,line,code,reason,because\nAnn,a@example.com,3,X,y,\n",
        "own line column": b"name,email,line\nAnn,a@example.com,3\n",
        "quoted ends of lines": b'name,email\r\n"Ann\r\nLee",a@example.com\r\n"Bob\rLee",b@example.com\r\n',
        "quotes": b'name,email\n"Ann ""A"" Lee",a@example.com\nB"ob,b@example.com\n',
        "text after a quote": b'name,email\n"Ann" Lee,a@example.com\n',
        "open quote": head + row + b'"Bob,b@example.com,\nC,d,e\n',
        "ragged": head + b"a,b,c,d\n" * 7,
        "short row": head + row + b"Bob,b@example.com\n",
        "NUL": head + b"A\0nn,a@example.com,\n",
        "empty": b"",
        "only a header": head,
        "undefined byte": head + b"Ren\x81,r@example.com,\n",
        "Cyrillic": head + "\u041f\u0440\u0438\u0432\u0435\u0442,r@example.com,\n".encode("cp1251") * 9,
        "Windows-1252": head + "Müßig Ærø,r@example.com,\n".encode("cp1252"),
        "semicolons": b"sep=;\r\nname;email\r\nLee, Ann;a@example.com\r\n",
        "tabs": b"name\temail\nLee, Ann; B\ta@example.com\n",
        "bars": b"name|email\nAnn|a@example.com\n",
        "odd case": b"NAME, E-Mail ,Email\nAnn,x,a@example.com\n",
        "twice": b"name,email,email\nAnn,a@example.com,b@example.com\n",
    }
    yield from (Case("customers of Ann.csv", data) for data in texts.values())
    yield Case("people.csv", b"first,mail\nAnn,a@example.com\n")
    yield Case("orders.csv", head + row)
    yield Case("customers.csv", "name:email\nAé:a@example.com\n".encode("cp1252"), read={"delimiter": ":"})


def _values() -> Iterator[Case]:
    for order in ("", "dmy", "mdy"):
        for text in (*_DATES, *_SPACED_DATES):
            row = f'name,email,created_at\nAnn,a@example.com,"{text}"\n'
            yield Case("customers.csv", row.encode(), {"dates": order} if order else {})
    stated: list[dict[str, str]] = [{}, {"decimal": ","}, {"thousands": ","}, {"decimal": ",", "thousands": "."}]
    for formats in [*stated, {"thousands": " ", "currency": "$ €"}]:
        for text in _NUMBERS:
            yield Case("products.csv", f'sku,name,price,stock\nA,A,"{text}","{text}"\n'.encode(), formats)
    rows = "".join(f'N{n},n{n}@example.com,"{text}"\n' for n, text in enumerate(_PHONES))
    yield Case("customers.csv", f"name,email,phone\n{rows}".encode())
    rows = "".join(
        f'N{n},n{n}@example.com,"{text}","{_NOTES[n % len(_NOTES)]}",s:{n}\n' for n, text in enumerate(_PHONES)
    )
    yield Case("customers.csv", f"name,email,phone,phone_note,reference\n{rows}".encode())
    yield Case("products.csv", b"sku;name;price\nA;A;1,50\nB;B;2.345,00\nC;C;1.000\n")


def _order_rows() -> Iterator[Case]:
    together = "".join(sorted(ORDERS.splitlines(keepends=True)[1:]))
    yield Case("orders.csv", f"{_ORDERS}\n{together}".encode())
    a, b = "a@example.com", "b@example.com"
    rows = f"""{_AMOUNTS}
1,{a},2026-01-02,S,2,10.00,27.50,5.00,10,2.5,,,
2,{a},2026-01-02,S,2,10.00,18.00,2.00,0,3.19,,18,2026-02-03
3,{a},2026-01-02,S,1.5,3.33,,,,,,,
4,{a},2026-01-02,S,-0.4,3.33,-1.30,,,,,,
5,,2026-01-02,S,1,3.33,3.34,,,,,,
6,{a},2026-01-02,S,1,3.33,,,,,,,
6,{b},2026-01-02,S,1,3.33,,,,,,,
7,{a},2026-01-02,S,1,3.33,,,,,,,
7,{a.upper()},2026-01-03,S,1,3.33,,,,,,,
8,{a},,S,1,3.33,,,,,,,
,{a},2026-01-02,S,1,3.33,,,,,,,
,{a},2026-01-02,S,1,3.33,,,,,,,
9,{a},2026-01-02,,,,,,,,,-7,
10,{a},2026-01-02,,1,3,,,,,,,
11,,,,,,9.99,,,,,,
11,{a},2026-01-02T10:00:00Z,S,3,3.33,,,,,,,
11,,2026-01-02T09:00:00Z,T,1,0.005,,,,,,,
12,{a},2026-01-02,S,x,3.33,,,,,,,
"""
    for options in ({}, {"roundQuantities": True, "addRounding": True, "walkIn": "walk-in@example.com"}):
        yield Case("orders.csv", rows.encode(), {}, options)
    currencies = f"{_ORDERS},currency\n1,{a},2026-01-02,S,1,3.33,USD\n2,{a},2026-01-02,S,1,3.33,EUR\n"
    yield Case("orders.csv", currencies.encode())


def _random_tables(chance: random.Random, count: int) -> Iterator[Case]:
    for number in range(count):
        text = io.StringIO(newline="")
        delimiter, ends = chance.choice(",;\t|"), chance.choice(["\n", "\r\n", "\r"])
        writer = csv.writer(text, delimiter=delimiter, lineterminator=ends, quoting=csv.QUOTE_ALL)
        if number % 5 == 0:
            text.write(f"sep={delimiter}{ends}")
        writer.writerow(["name", "email", "phone", "Other"])
        for row in range(chance.randrange(1, 9)):
            cells = ["".join(chance.choices("ab ,;|\"'\t\r\n-019äß€", k=chance.randrange(8))) for _ in range(3)]
            writer.writerow([f"x{cells[0]}x", f"{row}@example.com", *cells[1:]])
        code = chance.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
        yield Case("customers.csv", text.getvalue().encode(code))


def _awkward_shops() -> Iterator[Case]:
    """Refunds of WooCommerce, long names for SKUs, long references, stock of several locations."""
    head = "Order Number,Order Status,Order Date,Email (Billing),SKU,Item Name,Item Cost,Order Total Amount"
    long = "M\u00fc\U0001f381 " * 30
    for columns, rows in (
        ("Quantity (- Refund)", ("0", "2")),
        ("Quantity (- Refund),Order Refund Amount", ("0,5.00", "1,1.00", "0,0", "1,99")),
        ("Quantity,Quantity (- Refund),Order Refund Amount", ("2,0,10.00", "2,1,5.00")),
    ):
        text = "".join(
            f"{number},Completed,2024-05-01,a@example.com,,{long},5.00,10.00,{row}\n" for number, row in enumerate(rows)
        )
        yield Case("orders.csv", f"{head},{columns}\n{text}".encode())
    net = head.replace("Order Total Amount", "Order Total Amount (- Refund)")
    row = "1,Completed,2024-05-01,a@example.com,S,S,5.00,5.00,1,5.00\n"
    yield Case("orders.csv", f"{net},Quantity (- Refund),Order Refund Amount\n{row}".encode())
    yield Case("products.csv", f"sku,name,price\n{long},A,1\n{'x' * 65},B,1\n{'x' * 64},C,1\n".encode())
    yield Case("customers.csv", f"name,email,reference\nA,a@example.com,{'9' * 65}\n".encode())
    square = "Token,Item Name,Variation Name,SKU,Price,Current Quantity A,Current Quantity B,Current Quantity C\n"
    stocks = ("1,2,3", ",,", "1,,-3", "x,1,", "1.5,,", "2147483647,1,")
    text = "".join(f"t{number},I,R,S{number},$1.00,{each}\n" for number, each in enumerate(stocks))
    yield Case("catalog.csv", (square + text).encode())
