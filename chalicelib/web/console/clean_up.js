// The customers that customer_cleanup will delete next, and deleted customers that can be restored.
import { useChange, useQuery } from "./api.js";
import { html } from "./html.js";
import { RowLink } from "./links.js";
import { Action, Name, Shown, Table, isolated, notify } from "./parts.js";
import { may } from "./session.js";
import { Time } from "./times.js";

const BOTH = `query People {
  inactiveCustomerCount
  inactiveCustomers(first: 50) { edges { node { id name email createdAt lastOrderAt } } pageInfo { hasNextPage } }
  deletedCustomers(first: 50) { edges { node { id name email deletedAt } } pageInfo { hasNextPage } }
}`;
const RESTORE = `mutation Restore($id: ID!) { restoreCustomer(id: $id) { customer { name } } }`;

export function CleanUp() {
  const asked = useQuery(BOTH);
  const restoreCustomer = useChange(RESTORE);
  const restore = async ({ id, name }) => {
    await restoreCustomer({ id });
    notify(`${isolated(name)} restored`);
    await asked.reload();
  };
  return html`<h1>Clean-up</h1>
    <${Shown} of=${asked}>${({ inactiveCustomers, inactiveCustomerCount, deletedCustomers }) => html`
      <h2>About to be cleaned up${inactiveCustomerCount ? ` (${inactiveCustomerCount})` : ""}</h2>
      <p class="quiet">These customers have not ordered in the last year. On Sunday they are moved to an archive, unless they order before.</p>
      <${Table} caption="Customers about to be cleaned up" rows=${inactiveCustomers.edges.map(({ node }) => node)} empty="Nobody. The next clean-up has nothing to do." columns=${[
        ["Customer", (row) => html`<${RowLink} row=${row} />`], ["E-mail", (row) => html`<${Name} of=${row.email} />`], ["Customer since", (row) => html`<${Time} at=${row.createdAt} />`], ["Last order", (row) => html`<${Time} at=${row.lastOrderAt} />`]]} />
      ${inactiveCustomers.pageInfo.hasNextPage && html`<p class="quiet">… and more.</p>`}
      <h2>Deleted</h2>
      <p class="quiet">Kept for 90 days, with their e-mail address and orders.</p>
      <${Table} caption="Deleted customers" rows=${deletedCustomers.edges.map(({ node }) => node)} empty="Nobody. Deleted customers can be restored here." columns=${[
        ["Customer", (row) => html`<${Name} of=${row.name} />`], ["E-mail", (row) => html`<${Name} of=${row.email} />`], ["Deleted", (row) => html`<${Time} at=${row.deletedAt} />`],
        ["", (row) => may("OPERATOR") && html`<${Action} act=${() => restore(row)} label="Restore" name=${`Restore ${row.name}`} />`]]} />
      ${deletedCustomers.pageInfo.hasNextPage && html`<p class="quiet">… and more.</p>`}`}<//>`;
}
