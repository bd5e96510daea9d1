// Who changed a row, when, and from what to what.
import { useQuery } from "./api.js";
import { html, useState } from "./html.js";
import { Linked, RowLink } from "./links.js";
import { Shown, Table } from "./parts.js";
import { Time } from "./times.js";

const HISTORY = `query History($id: ID!, $after: String) {
  node(id: $id) {
    ... on Customer { history(first: 20, after: $after) { ...Changes } }
    ... on Product { history(first: 20, after: $after) { ...Changes } }
    ... on Order { history(first: 20, after: $after) { ...Changes } }
  }
}
fragment Changes on HistoryConnection {
  edges { cursor node { at actor action field before after delta orderId productId reason } }
  pageInfo { hasNextPage endCursor }
}`;

// adjustStock is "adjust stock".
const words = (action) => action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const signed = (number) => (number > 0 ? `+${number}` : `−${-number}`);

// An imported order has moved no stock: it is shown as a link only.
const Change = ({ of: { field, before, after, delta, orderId, productId, reason } }) => html`
  ${field && (before ?? after ?? delta) != null && html`<span class="quiet">${words(field)}:</span> `}
  ${before != null && html`<bdi><${Linked} text=${before} /></bdi>`}${before != null && after != null && " → "}${after != null && html`<bdi><${Linked} text=${after} /></bdi>`}
  ${delta != null && delta !== 0 && html` <span class="quiet">(${signed(delta)})</span>`}
  ${productId && html` <${RowLink} row=${{ id: productId, name: "product" }} />`}${orderId && html` <${RowLink} row=${{ id: orderId, name: "order" }} />`}
  ${reason && html` <span class="quiet">reason:</span> <bdi>${reason}</bdi>`}`;

// `version` changes when the page has changed the row.
export const History = ({ id, version }) => html`<section class="screen-only"><h2>History</h2><${Entries} key=${version} id=${id} /></section>`;

function Entries({ id }) {
  const [cursors, setCursors] = useState([null]);
  const asked = useQuery(HISTORY, { id, after: cursors.at(-1) });
  return html`<${Shown} of=${asked}>${({ node }) => {
    const { edges, pageInfo } = node?.history ?? { edges: [], pageInfo: {} };
    return html`
      <${Table} caption="History" rows=${edges.map((edge) => ({ id: edge.cursor, ...edge.node }))} empty="No changes are recorded." columns=${[
        ["When", (row) => html`<${Time} at=${row.at} />`], ["Who", (row) => html`<bdi>${row.actor ?? "–"}</bdi>`],
        ["What", (row) => words(row.action)], ["Change", (row) => html`<${Change} of=${row} />`]]} />
      ${(cursors.length > 1 || pageInfo.hasNextPage) && html`<div class="row actions">
        <button disabled=${cursors.length < 2} onClick=${() => setCursors(cursors.slice(0, -1))}>Later changes</button>
        <button disabled=${!pageInfo.hasNextPage} onClick=${() => setCursors([...cursors, pageInfo.endCursor])}>Earlier changes</button></div>`}`;
  }}<//>`;
}
