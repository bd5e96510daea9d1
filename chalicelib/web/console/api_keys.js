// API keys: create, rotate and revoke them. A secret is shown once, and kept nowhere.
import { useChange } from "./api.js";
import { Confirm } from "./confirm.js";
import { html, useState } from "./html.js";
import { NewKey } from "./new_key.js";
import { OnlyOperatorsSee, isOperator } from "./operators_only.js";
import { List } from "./list.js";
import { Action, Badge, Dialog, Name, isolated, notify, words } from "./parts.js";
import { whoAmI } from "./session.js";
import { Secret } from "./secret.js";
import { Time } from "./times.js";

const KEYS = `query Keys($first: Int, $after: String, $last: Int, $before: String) {
  keys(first: $first, after: $after, last: $last, before: $before) {
    edges { node { id name role state createdAt createdBy expiresAt lastUsedAt } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
}`;
const ROTATE = `mutation Rotate($id: ID!, $overlapHours: Int) { rotateKey(id: $id, overlapHours: $overlapHours) { key { name } secret } }`;
const REVOKE = `mutation Revoke($id: ID!) { revokeKey(id: $id) { key { name } } }`;
const OVERLAPS = { 0: "At once", 24: "After 24 hours", 168: "After 7 days" };
const connection = ({ keys }) => keys;

const isMine = (row) => row.id === whoAmI().keyId;

export function ApiKeys({ query }) {
  const [open, setOpen] = useState();
  const [issued, setIssued] = useState();
  const [version, setVersion] = useState(0);
  if (!isOperator()) return html`<h1>API keys</h1><${OnlyOperatorsSee} what="the keys" />`;
  const close = () => setOpen(undefined);
  const changed = (key) => { setIssued(key); setVersion(version + 1); close(); };
  return html`<div class="row heading"><h1>API keys</h1><button class="main" onClick=${() => setOpen({ what: "new" })}>New key</button></div>
    <p class="quiet">Give each person and each program its own key, and name it after them: the <a href="#/audit-log">audit log</a> shows the name beside each change.</p>
    ${issued && html`<${Secret} key=${issued.secret} issued=${issued} close=${() => setIssued(undefined)} />`}
    ${open?.what === "new" && html`<${NewKey} done=${changed} close=${close} />`}
    <${List} key=${version} caption="API keys" path=${["api-keys"]} route=${query} query=${KEYS} connection=${connection} columns=${columns(setOpen)} empty="No key yet. Create one for yourself first." />
    ${open?.what === "rotate" && html`<${Rotate} row=${open.row} done=${changed} close=${close} />`}
    ${open?.what === "revoke" && html`<${Revoke} row=${open.row} done=${() => changed()} close=${close} />`}`;
}

const columns = (setOpen) => [
  ["Name", (row) => html`<${Name} of=${row.name} />${isMine(row) && html` <span class="quiet">(yours)</span>`}`],
  ["Role", (row) => words(row.role)],
  ["State", (row) => html`<${Badge} state=${row.state} />`],
  ["Last used", (row) => html`<${Time} at=${row.lastUsedAt} />`],
  ["Expires", (row) => html`<${Time} at=${row.expiresAt} />`],
  ["Created", (row) => html`<${Time} at=${row.createdAt} /> <span class="quiet">by <bdi>${row.createdBy}</bdi></span>`],
  ["", (row) => row.state !== "REVOKED" && html`<span class="row">
    ${row.state === "ACTIVE" && html`<button onClick=${() => setOpen({ what: "rotate", row })} aria-label=${`Rotate ${row.name}`}>Rotate</button>`}
    <button onClick=${() => setOpen({ what: "revoke", row })} aria-label=${`Revoke ${row.name}`}>Revoke</button></span>`],
];

function Rotate({ row, done, close }) {
  const [overlap, setOverlap] = useState("24");
  const rotateKey = useChange(ROTATE);
  const rotate = async () => {
    const { rotateKey: { key, secret } } = await rotateKey({ id: row.id, overlapHours: Number(overlap) });
    done({ name: key.name, secret, isMine: isMine(row) });
  };
  return html`<${Dialog} title=${`Rotate ${isolated(row.name)}?`} close=${close}>
    <p>The key gets a new secret, which is shown once. Whoever uses the key needs it before the old one ends.</p>
    <label for="overlap">The old secret ends</label>
    <select id="overlap" value=${overlap} onChange=${(event) => setOverlap(event.target.value)}>${Object.entries(OVERLAPS).map(([hours, text]) => html`<option value=${hours}>${text}</option>`)}</select>
    ${isMine(row) && html`<p class="note">You are signed in with this key. Sign in with the new secret before the old one ends.</p>`}
    <div class="row actions"><button onClick=${close} autofocus>Cancel</button><${Action} kind="main" act=${rotate} label="Rotate it" /></div><//>`;
}

function Revoke({ row, done, close }) {
  const revokeKey = useChange(REVOKE);
  const revoke = async () => {
    await revokeKey({ id: row.id });
    notify(`${isolated(row.name)} revoked`);
    done();
  };
  return html`<${Confirm} title=${`Revoke ${isolated(row.name)}?`} label="Revoke it" act=${revoke} close=${close}>
    <p>Requests with this key are refused from now on. This cannot be undone.</p>
    ${isMine(row) && html`<p class="note bad">You are signed in with this key, so you will be signed out. Make sure that another operator has a key.</p>`}<//>`;
}
