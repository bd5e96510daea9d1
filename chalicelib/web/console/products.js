// The list of products.
import { html } from "./html.js";
import { RowLink } from "./links.js";
import { List } from "./list.js";
import { Name, money } from "./parts.js";
import { currency, may } from "./session.js";

const PRODUCTS = `query Products(
  $name: String, $lowStock: Boolean, $priceGte: Decimal, $priceLte: Decimal,
  $orderBy: [String], $first: Int, $after: String, $last: Int, $before: String
) {
  allProducts(
    name: $name, lowStock: $lowStock, priceGte: $priceGte, priceLte: $priceLte,
    orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before
  ) {
    edges { node { id name sku price stock } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const FILTERS = [
  { name: "name", label: "Name" }, { name: "priceGte", label: "Price from", type: "number" }, { name: "priceLte", label: "to", type: "number" },
  { name: "lowStock", label: "Stock", options: [["true", "low"], ["false", "enough"]], convert: (text) => text === "true" },
];
const ORDERS = [["name", "name"], ["price", "cheapest first"], ["-price", "dearest first"], ["stock", "lowest stock first"], ["-stock", "highest stock first"]];
const COLUMNS = [
  ["Name", (row) => html`<${RowLink} row=${row} />`], ["SKU", (row) => html`<${Name} of=${row.sku ?? "–"} />`],
  ["Price", (row) => money(row.price), "number"], ["Stock", (row) => row.stock, "number"],
];
const CSV = [...["id", "name", "sku", "price", "stock"].map((name) => [name, (row) => row[name]]), ["currency", currency]];
const connection = (data) => data.allProducts;

export const Products = ({ query }) => html`
  <div class="row heading"><h1>Products</h1>${may("EDITOR") && html`<a class="button" href="#/products/new">New product</a>`}</div>
  <${List} caption="Products" path=${["products"]} route=${query} query=${PRODUCTS} connection=${connection} filters=${FILTERS}
    orders=${ORDERS} columns=${COLUMNS} csv=${CSV} empty="No product matches these filters."
    none=${html`No products yet.${may("EDITOR") && html` <a href="#/products/new">Create the first one</a>, or <a href="#/import">import a file</a>.`}`} />`;
