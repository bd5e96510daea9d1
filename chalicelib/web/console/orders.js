// The list of orders, on a page of its own and on those of customers and products.
import { html } from "./html.js";
import { RowLink, pageOf } from "./links.js";
import { List } from "./list.js";
import { Badge, Name, money } from "./parts.js";
import { currency, may } from "./session.js";
import { Time } from "./times.js";

const ORDERS = `query Orders(
  $status: OrderStatus, $orderDateAfter: Date, $orderDateBefore: Date, $totalAmountGte: Decimal, $totalAmountLte: Decimal,
  $customerName: String, $productName: String, $productId: ID,
  $orderBy: [String], $first: Int, $after: String, $last: Int, $before: String
) {
  allOrders(
    status: $status, orderDateAfter: $orderDateAfter, orderDateBefore: $orderDateBefore, totalAmountGte: $totalAmountGte,
    totalAmountLte: $totalAmountLte, customerName: $customerName, productName: $productName, productId: $productId,
    orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before
  ) {
    edges { node { id orderDate status totalAmount reference customer { id name } lines { productId name quantity } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const OF_CUSTOMER = `query OrdersOfCustomer($id: ID!, $orderBy: [String], $first: Int, $after: String, $last: Int, $before: String) {
  customer(id: $id) {
    orders(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
      edges { node { id orderDate status totalAmount reference lines { productId name quantity } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`;
const FILTERS = [
  { name: "customerName", label: "Customer" }, { name: "productName", label: "Product" },
  { name: "orderDateAfter", label: "From", type: "date" }, { name: "orderDateBefore", label: "until", type: "date" },
  { name: "totalAmountGte", label: "Total from", type: "number" }, { name: "totalAmountLte", label: "to", type: "number" },
  { name: "status", label: "Status", options: [["PLACED", "placed"], ["CANCELLED", "cancelled"]] },
];
const SORTS = [["-orderDate", "newest first"], ["orderDate", "oldest first"], ["-totalAmount", "highest total first"], ["totalAmount", "lowest total first"]];

const SHOWN_LINES = 2;
const pieces = ({ lines }) => [...lines.slice(0, SHOWN_LINES).map(({ quantity, name }) => `${quantity} × ${name}`), ...(lines.length > SHOWN_LINES ? [`${lines.length - SHOWN_LINES} more`] : [])].join(", ");
const DATE = ["Order", (row) => html`<a href=${pageOf(row.id)}><${Time} at=${row.orderDate} /></a>`];
const CUSTOMER = ["Customer", (row) => html`<${RowLink} row=${row.customer} />`];
const REST = [
  ["Products", (row) => html`<${Name} of=${pieces(row)} />`],
  ["Status", (row) => row.status === "PLACED" ? html`<span class="quiet">placed</span>` : html`<${Badge} state=${row.status} />`],
  ["Total", (row) => money(row.totalAmount), "number"],
];
const CSV = [
  ["id", (row) => row.id], ["orderDate", (row) => row.orderDate], ["reference", (row) => row.reference], ["customer", (row) => row.customer?.name],
  ["products", (row) => row.lines.map(({ quantity, name }) => `${quantity} × ${name}`).join("; ")], ["status", (row) => row.status], ["totalAmount", (row) => row.totalAmount], ["currency", currency],
];
const ofAll = (data) => data.allOrders;
const ofCustomer = (data) => data.customer?.orders;

export const Orders = ({ query }) => html`
  <div class="row heading"><h1>Orders</h1>${may("EDITOR") && html`<a class="button" href="#/orders/new">New order</a>`}</div>
  <${List} caption="Orders" path=${["orders"]} route=${query} query=${ORDERS} connection=${ofAll} filters=${FILTERS} orders=${SORTS}
    columns=${[DATE, CUSTOMER, ...REST]} csv=${CSV} empty="No order matches these filters."
    none=${html`No orders yet.${may("EDITOR") && html` <a href="#/orders/new">Place the first one</a>, or <a href="#/import">import a file</a>.`}`} />`;

export const OrdersOfCustomer = ({ id, query }) => html`
  <${List} caption="Orders" path=${["customers", id]} route=${query} query=${OF_CUSTOMER} fixed=${{ id }} connection=${ofCustomer}
    orders=${SORTS} columns=${[DATE, ...REST]} csv=${CSV.filter(([title]) => title !== "customer")} empty="No orders yet." />`;

export const OrdersOfProduct = ({ id, query }) => html`
  <${List} caption="Orders" path=${["products", id]} route=${query} query=${ORDERS} fixed=${{ productId: id }} connection=${ofAll}
    orders=${SORTS.slice(0, 2)} columns=${[DATE, CUSTOMER, ...REST]} csv=${CSV} empty="No order contains this product." />`;
