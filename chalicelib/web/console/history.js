// Who changed a row, when, and from what to what.
import { useQuery } from "./api.js";
import { html } from "./html.js";
import { Linked } from "./links.js";
import { Shown, Table, Time } from "./parts.js";
import { may } from "./session.js";

const HISTORY = `query History($subject: ID!, $after: String) {
  auditLog(subject: $subject, first: 20, after: $after) {
    edges { node { id at actor action before after reason } }
    pageInfo { hasNextPage endCursor }
  }
}`;

const text = (value) => (value == null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

// The fields that differ. A row that appeared has no values before, one that was deleted none after.
function changes({ before, after }) {
  const [old, now] = [JSON.parse(before ?? "{}"), JSON.parse(after ?? "{}")];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].map((name) => ({ name, old: old[name], now: now[name] }));
}

const Changes = ({ of: entry }) => html`<ul class="changes">
  ${changes(entry).map(({ name, old, now }) => html`<li><span class="quiet">${name}:</span> ${entry.before && html`<bdi><${Linked} text=${text(old)} /></bdi>`}${entry.before && entry.after && " → "}${entry.after && html`<bdi><${Linked} text=${text(now)} /></bdi>`}</li>`)}
  ${entry.reason && html`<li><span class="quiet">reason:</span> <bdi>${entry.reason}</bdi></li>`}</ul>`;

// `version` changes when the page has changed the row.
export const History = ({ id, version }) => may("OPERATOR") ? html`<h2>History</h2><${Entries} key=${version} id=${id} />` : null;

function Entries({ id }) {
  const asked = useQuery(HISTORY, { subject: id });
  return html`<${Shown} of=${asked}>${({ auditLog: { edges, pageInfo } }) => html`
    <${Table} caption="History" rows=${edges.map(({ node }) => node)} empty="No changes are recorded." columns=${[
      ["When", (row) => html`<${Time} at=${row.at} />`], ["Who", (row) => html`<bdi>${row.actor}</bdi>`],
      ["What", (row) => row.action], ["Change", (row) => html`<${Changes} of=${row} />`]]} />
    ${pageInfo.hasNextPage && html`<p class="quiet">… and earlier changes: crmctl audit-log shows all of them.</p>`}`}<//>`;
}
