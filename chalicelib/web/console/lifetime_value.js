// What a customer has ordered in all. It is a query of its own: it may read 500 orders, and the page is shown before.
import { useQuery } from "./api.js";
import { html } from "./html.js";
import { money } from "./parts.js";
import { Time } from "./times.js";

const VALUE = `query LifetimeValue($id: ID!) {
  customer(id: $id) { lifetimeValue { orders revenue averageOrder firstOrderAt partial } }
}`;

const Figure = ({ title, children }) => html`<div><dt>${title}</dt><dd>${children}</dd></div>`;

export function LifetimeValue({ id }) {
  const { data, error } = useQuery(VALUE, { id });
  const value = data?.customer?.lifetimeValue;
  if (!value) return html`<${Figure} title="Total orders">${error ? error.message : "…"}<//>`;
  return html`
    <${Figure} title="Total orders">${value.orders.toLocaleString()}${value.partial && " counted; there are more"}<//>
    <${Figure} title=${value.partial ? "Revenue of these" : "Total revenue"}>${money(value.revenue)}<//>
    ${value.averageOrder != null && html`<${Figure} title="Average order">${money(value.averageOrder)}<//>`}
    ${value.firstOrderAt && html`<${Figure} title="First order"><${Time} at=${value.firstOrderAt} /><//>`}`;
}
