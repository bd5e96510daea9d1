"""A small export of each system that has a preset: its columns, with awkward values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHOPIFY_CUSTOMERS = "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Phone,Tags"
SHOPIFY_PRODUCTS = (
    "Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src"
)
SHOPIFY_ORDERS = (
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Billing Name"
)
STRIPE_ORDERS = (
    "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Fee,Status,Customer ID,Customer Email,"
    "Refunded date (UTC)"
)
WOO_ORDERS = (
    "Order Number,Order Status,Order Date,First Name (Billing),Email (Billing),SKU,Item Name,Quantity (- Refund),"
    "Item Cost,Coupon Code,Cart Discount Amount,Order Shipping Amount,Order Total Amount"
)


@dataclass(frozen=True, slots=True)
class Sample:
    files: Mapping[str, str]
    """File name -> content."""
    names: Sequence[str] = ()
    """Of the customers."""
    prices: Mapping[str, str] | None = None
    """SKU -> price of the products."""
    orders: Mapping[str, Sequence[str]] | None = None
    """Reference -> quantity, SKU and price of the lines."""
    totals: str = ""
    """What the summary says of the orders."""


SAMPLES = {
    "shopify": Sample(
        {
            "customers_export.csv": f"""{SHOPIFY_CUSTOMERS}
'721,Ada,Example,ada@example.com,no,Ada Ranch,'+1 (775) 555-0154,"retail, wholesale"
'722,,,bo@example.com,yes,Bo & Söhne,n/a,
""",
            "products_export_1.csv": f"""{SHOPIFY_PRODUCTS}
fern,Botanical Print,"<p>Nice
print</p>",Title,Default Title,FERN-1,12,16.00,https://example.com/1.jpg
fern,,,,,,,,https://example.com/2.jpg
tote,Canvas Tote,,Colour,Red,TOTE-R,-2,20.00,
tote,,,,Blue,TOTE-B,4,21.00,
bag,Müßig Bag,,Colour,Red,,3,5.00,
bag,,,,Green,,3,5.00,
""",
            "orders_export_1.csv": f"""{SHOPIFY_ORDERS}
#1001,ada@example.com,paid,2026-09-03 10:15:00 -0400,USD,52.00,6.00,3.29,56.29,FALL5,5.00,2026-09-03 10:14:00 -0400,2,Botanical Print,16.00,,FERN-1,Ada Example
#1001,ada@example.com,,,,,,,,,,,1,Canvas Tote - Red,20.00,,TOTE-R,
#1002,bo@example.com,paid,,USD,0.00,0.00,0.00,0.00,,0.00,2026-09-04 23:59:00 -0400,1,Botanical Print,0.00,16.00,FERN-1,Bo
#1003,bo@example.com,paid,,USD,5.00,0.00,0.00,5.00,,0.00,2026-09-05 23:59:00 -0400,1,Müßig Bag - Red,5.00,,,Bo
""",
        },
        names=["Ada Example", "Bo & Söhne"],
        prices={
            "FERN-1": "16.00",
            "TOTE-R": "20.00",
            "TOTE-B": "21.00",
            "Müßig Bag - Red": "5.00",
            "Müßig Bag - Green": "5.00",
        },
        orders={
            "#1001": ["2 FERN-1 16.00", "1 TOTE-R 20.00"],
            "#1002": ["1 FERN-1 0.00"],
            "#1003": ["1 Müßig Bag - Red 5.00"],
        },
        totals="3 orders, 61.29 here, 61.29 in the file",
    ),
    "woocommerce": Sample(
        {
            "customers.csv": "name,email\nWoo Customer,woo@example.com\n",
            "wc-product-export.csv": """ID,Type,SKU,Name,Published,"Is featured?",Stock,"Regular price",Categories
44,variable,woo-vneck,V-Neck,1,0,,,Clothing
45,"variation, virtual",woo-vneck-red,"V-Neck - Red",1,0,7,20,
46,simple,,Cap,1,1,,16.50,
""",
            "orders-2026.csv": f"""{WOO_ORDERS}
1,Completed,2026-02-01 14:05,Woo,woo@example.com,woo-vneck-red,V-Neck,2,20.00,SPRING,6.50,4.90,54.90
1,Completed,2026-02-01 14:05,Woo,woo@example.com,,Cap,1,16.50,SPRING,6.50,4.90,54.90
2,Cancelled,2026-02-02 14:05,Woo,woo@example.com,,Cap,1,16.50,,,0,16.50
""",
        },
        names=["Woo Customer"],
        prices={"woo-vneck-red": "20", "Cap": "16.50"},
        orders={"1": ["2 woo-vneck-red 20.00", "1 Cap 16.50"]},
        totals="1 order, 54.90 here, 54.90 in the file",
    ),
    "hubspot": Sample(
        {
            "hubspot-crm-exports-all-contacts.csv": """Record ID,First Name,Last Name,Email,Phone Number,Lead Status,Create Date,Associated Company
101,Camille,Durand,camille@example.com,+33 6 00 00 00 00,NEW,2024-03-12 09:14,Villa
102,,,team@example.com,,,2024-03-12 09:14,"Acme, Inc."
""",
        },
        names=["Camille Durand", "Acme, Inc."],
    ),
    "stripe": Sample(
        {
            "unified_customers.csv": """id,Description,Email,Name,Created (UTC),Delinquent,Plan,Status
cus_1,Buyer,st@example.com,,2026-01-02 10:00,false,,
""",
            "unified_payments.csv": f"""{STRIPE_ORDERS}
ch_3OaBcX,Order 1,Payment complete.,2026-01-03 11:22,12.50,5.00,usd,0.66,Paid,cus_1,st@example.com,2026-02-01 08:00
ch_3OabcX,Order 2,Payment complete.,2026-01-03 11:22,7.00,0.00,usd,0.66,Paid,cus_1,st@example.com,
ch_3Oabcd,Order 3,The bank declined.,2026-01-03 11:22,7.00,0.00,usd,0.00,Failed,cus_1,st@example.com,
""",
        },
        names=["Buyer"],
        prices={"STRIPE-CHARGE": "1.00"},
        orders={
            "ch_3OaBcX": ["1 STRIPE-CHARGE 12.50"],
            "ch_3OaBcX-refund": [],
            "ch_3OabcX": ["1 STRIPE-CHARGE 7.00"],
        },
        totals="2 orders and 1 refund, 14.50 here, 14.50 by the lines of the file",
    ),
    "square": Sample(
        {
            "customers.csv": """Reference ID,First Name,Last Name,Email Address,Phone Number,Company Name,Memo,Square Customer ID,First Visit
,Quinn,Square,q@example.com,'+1 555-010-9999,,"likes
coffee",SQ7,2024-05-01
""",
            "catalog-2026.csv": """Token,Item Name,Variation Name,SKU,Description,Category,Price,Current Quantity Main St,Current Quantity Kiosk
tok1,Coffee,Large,SQ-1,,Drinks,$3.50,5,7
tok2,Sandwich,Regular,,,Food,"$4,250.00",,
tok3,Gift card,,GC,,,variable,,
""",
        },
        names=["Quinn Square"],
        prices={"SQ-1": "3.50", "tok2": "4250.00"},
    ),
    "odoo": Sample(
        {
            "Contact (res.partner).csv": "External ID,Name,Email,Phone,Country\n__export__.1,Azure Interior,azure@example.com,(870)-931-0505,US\n"
        },
        names=["Azure Interior"],
    ),
    "salesforce": Sample(
        {
            "Contact.csv": '"Id","AccountId","LastName","FirstName","Email","Phone","MobilePhone","CreatedDate"\n'
            '"003","001","González","Rose","rose@example.com","null","(512) 757-6000","2026-01-02 10:00:00"\n'
        },
        names=["Rose González"],
    ),
}
