// The list of customers.
import { html } from "./html.js";
import { RowLink } from "./links.js";
import { List } from "./list.js";
import { Name } from "./parts.js";
import { may } from "./session.js";
import { Time } from "./times.js";

const CUSTOMERS = `query Customers(
  $name: String, $email: String, $phoneStartsWith: String, $createdAtGte: Date, $createdAtLte: Date,
  $orderBy: [String], $first: Int, $after: String, $last: Int, $before: String
) {
  allCustomers(
    name: $name, email: $email, phoneStartsWith: $phoneStartsWith, createdAtGte: $createdAtGte, createdAtLte: $createdAtLte,
    orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before
  ) {
    edges { node { id name email phone phoneNote createdAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const FILTERS = [
  { name: "name", label: "Name" }, { name: "email", label: "E-mail" }, { name: "phoneStartsWith", label: "Phone begins with", type: "tel" },
  { name: "createdAtGte", label: "Customer from", type: "date" }, { name: "createdAtLte", label: "until", type: "date" },
];
const ORDERS = [["name", "name"], ["-name", "name, from the end"], ["-createdAt", "newest first"], ["createdAt", "oldest first"], ["email", "e-mail"]];
const COLUMNS = [
  ["Name", (row) => html`<${RowLink} row=${row} />`], ["E-mail", (row) => html`<${Name} of=${row.email} />`],
  ["Phone", (row) => row.phone ?? (row.phoneNote ? html`<${Name} of=${row.phoneNote} />` : "–")], ["Customer since", (row) => html`<${Time} at=${row.createdAt} />`],
];
const CSV = ["id", "name", "email", "phone", "phoneNote", "createdAt"].map((name) => [name, (row) => row[name]]);
const connection = (data) => data.allCustomers;

export const Customers = ({ query }) => html`
  <div class="row heading"><h1>Customers</h1>${may("EDITOR") && html`<a class="button" href="#/customers/new">New customer</a>`}</div>
  <${List} caption="Customers" path=${["customers"]} route=${query} query=${CUSTOMERS} connection=${connection} filters=${FILTERS}
    orders=${ORDERS} columns=${COLUMNS} csv=${CSV} empty="No customer matches these filters."
    none=${html`No customers yet.${may("EDITOR") && html` <a href="#/customers/new">Create the first one</a>, or <a href="#/import">import a file</a>.`}`} />`;
