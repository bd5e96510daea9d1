// A form for a new API key. It says if another key has the same name already.
import { ask, useChange } from "./api.js";
import { Form, isFilled } from "./form.js";
import { html, useEffect, useState } from "./html.js";
import { zone } from "./preferences.js";
import { fromField } from "./times.js";

const NAMES = `query KeyNames($after: String) { keys(first: 100, after: $after) { edges { node { id name state } } pageInfo { hasNextPage endCursor } } }`;
const CREATE = `mutation CreateKey($name: String!, $role: Role!, $expiresAt: DateTime) { createKey(name: $name, role: $role, expiresAt: $expiresAt) { key { name } secret } }`;
const ROLES = [["VIEWER", "Viewer: reads"], ["EDITOR", "Editor: changes customers, products and orders, too"], ["OPERATOR", "Operator: jobs, keys and settings, too"]];
const SAME_NAME = html`<p class="note field" role="status">An active key has this name already. In the audit log, only their ids would tell the two apart. Choose another name, or rotate that key.</p>`;
const fields = (names) => [
  { name: "name", label: "Name", check: isFilled, hint: "Of the person or the program that uses it, such as Ann Evans or web shop.", below: ({ name }) => names.has(folded(name)) && SAME_NAME },
  { name: "role", label: "Role", options: ROLES },
  { name: "expiresAt", label: `Expires, in ${zone()}`, type: "datetime-local", hint: "Empty: never" },
];

async function activeNames() {
  const names = new Set();
  for (let after = null, more = true; more; ) {
    const { keys: { edges, pageInfo } } = await ask(NAMES, { after });
    edges.forEach(({ node }) => node.state === "ACTIVE" && names.add(folded(node.name)));
    ({ hasNextPage: more, endCursor: after } = pageInfo);
  }
  return names;
}

const folded = (name) => name.trim().replace(/\s+/g, " ").toLowerCase();

export function NewKey({ done, close }) {
  const [names, setNames] = useState(new Set());
  const createKey = useChange(CREATE);
  useEffect(() => { activeNames().then(setNames, () => {}); }, []);
  const save = async ({ name, role = "VIEWER", expiresAt }) => {
    const { createKey: { key, secret } } = await createKey({ name, role, expiresAt: fromField(expiresAt) });
    done({ name: key.name, secret });
  };
  return html`<section class="card" aria-label="New key">
    <${Form} label="New key" fields=${fields(names)} values=${{ role: "VIEWER" }} save=${save} cancel=${close} submit="Create" /></section>`;
}
