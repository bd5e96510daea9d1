// One order: lines, customer, status, history.
import { useChange, useQuery } from "./api.js";
import { Confirm } from "./confirm.js";
import { History } from "./history.js";
import { html, useState } from "./html.js";
import { RowLink } from "./links.js";
import { EditOrder } from "./order_edit.js";
import { Badge, Shown, Table, money, notify, useTitle, words } from "./parts.js";
import { Refund, refundable } from "./refund.js";
import { may } from "./session.js";
import { Time } from "./times.js";

const ONE = `query Order($id: ID!) {
  order(id: $id) {
    id orderDate status totalAmount reference createdBy refundOf refunded { productId quantity }
    customer { id name email }
    lines { productId name quantity unitPrice lineTotal }
    adjustments { kind amount }
  }
}`;
const CANCEL = `mutation CancelOrder($id: ID!) { cancelOrder(id: $id) { order { id } } }`;

export function Order({ id }) {
  const asked = useQuery(ONE, { id });
  const [version, setVersion] = useState(0);
  const reload = async () => { await asked.reload(); setVersion(version + 1); };
  return html`<p class="screen-only"><a href="#/orders">Orders</a></p>
    <${Shown} of=${asked}>${({ order }) => order ? html`<${Details} order=${order} reload=${reload} />` : html`<h1>No such order</h1>`}<//>
    <${History} id=${id} version=${version} />`;
}

function Details({ order, reload }) {
  const [mode, setMode] = useState("");
  const cancel = useChange(CANCEL);
  const title = order.refundOf ? `Credit note of ${order.orderDate.slice(0, 10)}` : `Order ${order.reference ?? `of ${order.orderDate.slice(0, 10)}`}`;
  useTitle(title);
  const drop = async () => {
    await cancel({ id: order.id });
    notify("Order cancelled");
    await reload();
  };
  const done = async () => { await reload(); setMode(""); };
  return html`
    <div class="row heading"><h1><bdi>${title}</bdi></h1>
      <div class="row screen-only">
        ${may("EDITOR") && order.status === "PLACED" && !order.refundOf && !["edit", "refund"].includes(mode) && html`
          ${!order.reference && html`<button class="main" onClick=${() => setMode("edit")}>Edit</button>`}${!order.reference && refundable(order).length > 0 && html`<button onClick=${() => setMode("refund")}>Refund</button>`}${!order.refunded.length && html`<button onClick=${() => setMode("cancel")}>Cancel order</button>`}`}
        <button onClick=${() => window.print()}>Print</button></div></div>
    <section class="card" aria-label="Order">
      <dl class="fields">
        <div><dt>Customer</dt><dd><${RowLink} row=${order.customer} /></dd></div>
        <div><dt>Status</dt><dd>${order.status === "PLACED" ? "placed" : html`<${Badge} state=${order.status} />`}</dd></div>
        <div><dt>Date</dt><dd><${Time} at=${order.orderDate} /></dd></div>
        <div><dt>Total</dt><dd><strong>${money(order.totalAmount)}</strong></dd></div>
        ${order.reference && html`<div><dt>Imported as</dt><dd><bdi>${order.reference}</bdi></dd></div>`}
        ${order.refundOf && html`<div><dt>Takes back from</dt><dd><${RowLink} row=${{ id: order.refundOf, name: "order" }} /></dd></div>`}
        ${order.createdBy && html`<div><dt>Created by</dt><dd><bdi>${order.createdBy}</bdi></dd></div>`}
      </dl>
    </section>
    <h2>Lines</h2>
    ${mode === "edit"
      ? html`<section class="card" aria-label="Edit the lines"><${EditOrder} id=${order.id} done=${done} cancel=${() => setMode("")} /></section>`
      : html`<${Lines} order=${order} />`}
    ${mode === "refund" && html`<h2>Refund</h2><section class="card" aria-label="Refund of this order"><${Refund} order=${order} cancel=${() => setMode("")} /></section>`}
    ${mode === "cancel" && html`<${Confirm} title="Cancel this order?" label="Cancel the order" act=${drop} close=${() => setMode("")}>
      <p>Its ${money(order.totalAmount)} no longer count, and its products go back to stock. A cancelled order stays cancelled.</p><//>`}`;
}

function Lines({ order }) {
  const refunded = Object.fromEntries(order.refunded.map(({ productId, quantity }) => [productId, quantity]));
  const lines = order.lines.map((line, index) => ({ ...line, id: index, row: { id: line.productId, name: line.name } }));
  return html`
    <${Table} caption="Lines" rows=${lines} empty="This order has no lines." columns=${[
      ["Product", (line) => html`<${RowLink} row=${line.row} />`], ["Quantity", (line) => line.quantity, "number"],
      ...(order.refunded.length ? [["Refunded", (line) => refunded[line.productId] ?? 0, "number"]] : []),
      ["Price", (line) => money(line.unitPrice), "number"], ["Sum", (line) => money(line.lineTotal), "number"]]} />
    ${order.adjustments.length > 0 && html`<dl>${order.adjustments.map(({ kind, amount }) => html`<div><dt>${words(kind)}</dt><dd>${money(amount)}</dd></div>`)}</dl>`}`;
}
