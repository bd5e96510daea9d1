// Links to the pages of customers, orders and products, wherever their names and ids are shown.
import { html } from "./html.js";
import { Name } from "./parts.js";
import { address } from "./route.js";

const PAGES = { cus: "customers", ord: "orders", prd: "products" };
const ID = /\b((?:cus|ord|prd)_[0-9A-HJKMNP-TV-Z]{26})\b/;

export const pageOf = (id) => address([PAGES[id.slice(0, 3)], id]);

// A row that was deleted has no name, or is null.
export const RowLink = ({ row }) => row ? html`<a href=${pageOf(row.id)}><${Name} of=${row.name} /></a>` : html`<span class="quiet">deleted</span>`;

// Text of the server, such as a log line. The ids in it become links.
export const Linked = ({ text }) => text.split(ID).map((part, index) => (index % 2 ? html`<a href=${pageOf(part)}>${part}</a>` : part));
