// The audit log: who changed what, from what to what, and why. Its filters are in the address.
import { html } from "./html.js";
import { Linked, pageOf } from "./links.js";
import { List } from "./list.js";
import { OnlyOperatorsSee, isOperator } from "./operators_only.js";
import { address } from "./route.js";
import { Time } from "./times.js";

const ENTRIES = `query AuditLog($actor: String, $subject: ID, $first: Int, $after: String, $last: Int, $before: String) {
  auditLog(actor: $actor, subject: $subject, first: $first, after: $after, last: $last, before: $before) {
    edges { node { id at actor action subject before after reason requestId } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
}`;
const FILTERS = [{ name: "actor", label: "Who" }, { name: "subject", label: "What was changed" }];
const connection = ({ auditLog }) => auditLog;

// updateCustomer is "update customer".
const words = (action) => action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

// Where the thing that was changed is shown, and its name there.
export function subjectPage(subject) {
  const [kind, ...rest] = subject.split(":");
  if (/^(cus|ord|prd)_/.test(subject)) return [pageOf(subject), { cus: "customer", ord: "order", prd: "product" }[subject.slice(0, 3)]];
  if (kind === "job") return [address(["jobs", rest[0]]), rest[0]];
  if (kind === "run") return [address(["runs", rest[0], ...rest.slice(1).join(":").split("@")]), `run of ${rest[0]}`];
  if (kind === "key") return ["#/api-keys", "API key"];
  if (subject.startsWith("chn_")) return ["#/notifications", "notification channel"];
  if (subject.startsWith("sch_") || subject.endsWith(".default")) return ["#/schedules", "schedule"];
  return subject === "queue" ? ["#/queue", "queue"] : [null, subject];
}

function Subject({ of }) {
  const [link, name] = subjectPage(of);
  return html`${link ? html`<a href=${link}>${name}</a>` : html`<bdi>${name}</bdi>`}<br /><a class="quiet small" href=${address(["audit-log"], { subject: of })} aria-label=${`All changes of ${of}`}><bdi>${of}</bdi></a>`;
}

const shown = (value) => (value == null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

// A whole row appeared if there is no "before", and disappeared if there is no "after".
function Change({ of: { before, after, reason } }) {
  const [old, now] = [before, after].map((text) => (text ? JSON.parse(text) : {}));
  const names = Object.keys({ ...old, ...now });
  return html`<ul class="changes">${names.map((name) => html`<li key=${name}><span class="quiet">${words(name)}:</span> ${name in old && html`<bdi><${Linked} text=${shown(old[name])} /></bdi>`}${name in old && name in now && " → "}${name in now && html`<bdi><${Linked} text=${shown(now[name])} /></bdi>`}</li>`)}
    ${reason && html`<li><span class="quiet">reason:</span> <bdi>${reason}</bdi></li>`}</ul>`;
}

const COLUMNS = [
  ["When", (row) => html`<${Time} at=${row.at} seconds />`],
  ["Who", (row) => html`<a href=${address(["audit-log"], { actor: row.actor })} aria-label=${`All changes by ${row.actor}`}><bdi>${row.actor}</bdi></a>`],
  ["What", (row) => words(row.action)],
  ["Of what", (row) => html`<${Subject} of=${row.subject} />`],
  ["Change", (row) => html`<${Change} of=${row} />`],
];
const CSV = ["at", "actor", "action", "subject", "before", "after", "reason", "requestId"].map((name) => [name, (row) => row[name]]);

export const AuditLog = ({ query }) => html`<h1>Audit log</h1>
  ${isOperator() ? html`<p class="quiet">Each change by a person, a key or a job. Choose a name to see what else they changed, or an id to see what else happened to it.</p>
    <${List} caption="Audit log" path=${["audit-log"]} route=${query} query=${ENTRIES} connection=${connection} filters=${FILTERS} columns=${COLUMNS} csv=${CSV}
      empty="No change matches these filters. Entries are kept for a limited time." none="Nothing has been changed yet." />`
    : html`<${OnlyOperatorsSee} what="who changed what" />`}`;
