// One customer: fields, orders, history. And a new customer.
import { useChange, useQuery } from "./api.js";
import { Confirm } from "./confirm.js";
import { Form, isFilled } from "./form.js";
import { History } from "./history.js";
import { LifetimeValue } from "./lifetime_value.js";
import { html, useState } from "./html.js";
import { pageOf } from "./links.js";
import { Merge, Merges } from "./merge.js";
import { OrdersOfCustomer } from "./orders.js";
import { Action, Name, Shown, isolated, notify, useTitle, words } from "./parts.js";
import { may } from "./session.js";
import { Time } from "./times.js";

const ONE = `query Customer($id: ID!) {
  customer(id: $id) { id name email phone phoneNote createdAt createdBy updatedAt lastOrderAt inactiveFrom emailSuppression { reason since } }
}`;
const CREATE = `mutation CreateCustomer($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } message } }`;
const UPDATE = `mutation UpdateCustomer($id: ID!, $input: UpdateCustomerInput!, $expectedUpdatedAt: DateTime) { updateCustomer(id: $id, input: $input, expectedUpdatedAt: $expectedUpdatedAt) { customer { id } } }`;
const DELETE = `mutation DeleteCustomer($id: ID!) { deleteCustomer(id: $id) { customer { id } } }`;
const RESTORE = `mutation RestoreCustomer($id: ID!) { restoreCustomer(id: $id) { customer { id name } } }`;
const FIELDS = [
  { name: "name", label: "Name", check: isFilled }, { name: "email", label: "E-mail", type: "email", check: isFilled },
  { name: "phone", label: "Phone", type: "tel", hint: "With country code, such as +49 30 123456. May be empty." },
];
// What an import found as a phone number and is none. Only customers who have such a text show it, and it may be cleared.
const NOTE = { name: "phoneNote", label: "Phone note", hint: "What an import found as a phone number. May be empty." };
// An empty phone number is none, and so is an empty note.
const input = (changed) => Object.fromEntries(Object.entries(changed).map(([name, text]) => [name, ["phone", "phoneNote"].includes(name) ? text.trim() || null : text]));

export function Customer({ id, query }) {
  const asked = useQuery(ONE, { id });
  const [version, setVersion] = useState(0);
  const reload = async () => { await asked.reload(); setVersion(version + 1); };
  return html`<p><a href="#/customers">Customers</a></p>
    <${Shown} of=${asked}>${({ customer }) => customer
      ? html`<${Details} customer=${customer} version=${version} reload=${reload} /><div class="row heading"><h2>Orders</h2>${may("EDITOR") && html`<a class="button screen-only" href="#/orders/new?customer=${id}">New order</a>`}</div>
        <${OrdersOfCustomer} key=${`orders ${version}`} id=${id} query=${query} /><${Merges} key=${`merges ${version}`} id=${id} reload=${reload} /><${History} id=${id} version=${version} />`
      : html`<${Deleted} id=${id} reload=${reload} /><${History} id=${id} version=${version} />`}<//>`;
}

function Details({ customer, version, reload }) {
  const [mode, setMode] = useState("");
  const update = useChange(UPDATE);
  const remove = useChange(DELETE);
  useTitle(customer.name);
  const save = async (changed, expectedUpdatedAt) => {
    if (Object.keys(changed).length) {
      await update({ id: customer.id, input: input(changed), expectedUpdatedAt });
      notify("Saved");
      await reload();
    }
    setMode("");
  };
  const drop = async () => {
    await remove({ id: customer.id });
    notify(`${isolated(customer.name)} deleted`);
    await reload();
  };
  return html`
    <div class="row heading"><h1><${Name} of=${customer.name} /></h1>
      ${may("EDITOR") && mode !== "edit" && html`<div class="row screen-only"><button class="main" onClick=${() => setMode("edit")}>Edit</button><button onClick=${() => setMode("merge")}>Merge</button><button onClick=${() => setMode("delete")}>Delete</button></div>`}</div>
    <section class="card" aria-label="Customer">
      ${mode === "edit" ? html`<${Form} label="Customer" fields=${customer.phoneNote ? [...FIELDS, NOTE] : FIELDS} values=${customer} save=${save} cancel=${() => setMode("")} />` : html`
        <dl class="fields">
          <div class="wide"><dt>E-mail</dt><dd><a href=${`mailto:${customer.email}`}><${Name} of=${customer.email} /></a></dd></div>
          <div><dt>Phone</dt><dd>${customer.phone ? html`<a href=${`tel:${customer.phone}`}>${customer.phone}</a>` : "–"}</dd></div>
          ${customer.phoneNote && html`<div><dt>Phone note</dt><dd><${Name} of=${customer.phoneNote} /></dd></div>`}
          <div><dt>Customer since</dt><dd><${Time} at=${customer.createdAt} /></dd></div>
          <div><dt>Last order</dt><dd><${Time} at=${customer.lastOrderAt} /></dd></div>
          <div><dt>Clean-up not before</dt><dd>${customer.inactiveFrom}</dd></div>
          ${customer.createdBy && html`<div><dt>Created by</dt><dd><bdi>${customer.createdBy}</bdi></dd></div>`}
          <${LifetimeValue} key=${version} id=${customer.id} />
          ${customer.emailSuppression && html`<div><dt>Gets no e-mails</dt><dd>${words(customer.emailSuppression.reason)}, <${Time} at=${customer.emailSuppression.since} /></dd></div>`}
        </dl>`}
    </section>
    ${mode === "merge" && html`<${Merge} customer=${customer} close=${() => setMode("")} reload=${reload} />`}
    ${mode === "delete" && html`<${Confirm} title="Delete this customer?" label="Delete" act=${drop} close=${() => setMode("")}>
      <p><${Name} of=${customer.name} /> is kept in the archive for 90 days and can be restored until then. The orders stay.</p><//>`}`;
}

function Deleted({ id, reload }) {
  const restore = useChange(RESTORE);
  useTitle("No such customer");
  const act = async () => {
    const { restoreCustomer: { customer } } = await restore({ id });
    notify(`${isolated(customer.name)} restored`);
    await reload();
  };
  return html`<h1>No such customer</h1>
    <p>The customer may have been deleted. For 90 days, an operator can restore them.</p>
    ${may("OPERATOR") && html`<div class="row actions"><${Action} kind="main" act=${act} label="Restore" /></div>`}`;
}

export function NewCustomer() {
  const create = useChange(CREATE);
  const save = async ({ name, email, phone }) => {
    const { createCustomer: { customer, message } } = await create({ input: { name, email, phone: phone?.trim() || null } });
    notify(message ?? "Created");
    location.hash = pageOf(customer.id);
  };
  return html`<p><a href="#/customers">Customers</a></p><h1>New customer</h1>
    <section class="card"><${Form} label="New customer" fields=${FIELDS} values=${{}} save=${save} submit="Create" cancel=${() => { location.hash = "#/customers"; }} /></section>`;
}
