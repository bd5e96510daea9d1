// Merge two customers who are the same person, with a preview, and undo that.
import { useChange, useQuery } from "./api.js";
import { html, useState } from "./html.js";
import { pageOf } from "./links.js";
import { Action, Dialog, Name, Problem, Shown, Table, count, isolated, notify } from "./parts.js";
import { Search } from "./search.js";
import { may } from "./session.js";
import { Time } from "./times.js";

const MERGE = `mutation MergeCustomers($keep: ID!, $absorb: ID!, $dryRun: Boolean!) {
  mergeCustomers(keep: $keep, absorb: $absorb, dryRun: $dryRun) { customer { id name } preview { summary lines more } merge { status moved } }
}`;
const UNDO = `mutation UndoCustomerMerge($absorbed: ID!, $dryRun: Boolean!) {
  undoCustomerMerge(absorbed: $absorbed, dryRun: $dryRun) { customer { id name } preview { summary lines more } merge { status returned } }
}`;
const MERGES = `query MergesOfCustomer($id: ID!) {
  customer(id: $id) { merges { absorbedId name email status moved startedAt startedBy undoableUntil } }
}`;

const MAX_STALLED = 20; // requests in a row that may move nothing, for example because others are busy with the same customers

// Each request moves some of the orders: send it until all have moved. Every one of them has a key of its own.
async function untilDone(send, status, progress) {
  let before = null;
  for (let stalled = 0; stalled < MAX_STALLED;) {
    const payload = await send();
    if (payload.merge.status !== status) return payload;
    const done = payload.merge.moved ?? payload.merge.returned;
    stalled = done === before ? stalled + 1 : 0;
    before = done;
    progress(done);
  }
  throw new Error("No more orders move at the moment. Go on later, on the page of the customer who is kept.");
}

export function Merge({ customer, close, reload }) {
  const [other, setOther] = useState();
  const [isSwapped, setSwapped] = useState(false);
  const choose = (row) => (row.id === customer.id ? notify("That is the customer of this page.", "bad") : setOther(row));
  const [keep, absorb] = isSwapped ? [other, customer] : [customer, other];
  return html`<${Dialog} title=${other ? "Merge these customers?" : "Merge with another customer"} close=${close}>
    ${other ? html`<${Checked} key=${isSwapped} ...${{ keep, absorb, close, reload }} swap=${() => setSwapped(!isSwapped)} />` : html`
      <p>Which customer is the same person as <${Name} of=${customer.name} />?</p>
      <${Search} id="merge-with" label="Customer" kinds=${["CUSTOMER"]} choose=${choose} />
      <div class="row actions"><button onClick=${close}>Cancel</button></div>`}<//>`;
}

function Checked({ keep, absorb, close, reload, swap }) {
  const merge = useChange(MERGE);
  const [moved, setMoved] = useState(null);
  const variables = { keep: keep.id, absorb: absorb.id };
  const act = async () => {
    await untilDone(async () => (await merge({ ...variables, dryRun: false })).mergeCustomers, "MOVING", setMoved);
    notify(`${isolated(absorb.name)} was merged into ${isolated(keep.name)}`);
    close();
    location.hash = pageOf(keep.id);
    await reload();
  };
  return html`
    <dl><div><dt>Kept</dt><dd><${Name} of=${keep.name} /></dd></div><div><dt>Absorbed</dt><dd><${Name} of=${absorb.name} /></dd></div></dl>
    <${Preview} document=${MERGE} field="mergeCustomers" variables=${variables} />
    <p class="quiet">An operator can undo this for 90 days.</p>
    ${moved !== null && html`<p role="status">${count(moved, "order")} moved …</p>`}
    <div class="row actions"><${Action} kind="main" act=${act} label="Merge" /><button onClick=${swap}>Keep the other one</button><button onClick=${close}>Cancel</button></div>`;
}

// A dry run is a mutation that writes nothing: it needs no key.
function Preview({ document, field, variables }) {
  const asked = useQuery(document, { ...variables, dryRun: true });
  return html`<${Shown} of=${asked}>${(data) => {
    const { summary, lines, more } = data[field].preview;
    return html`<p>${summary}.</p>
      ${lines.length > 0 && html`<details><summary>Orders</summary><div class="lines">${lines.join("\n")}${more && "\n… and more"}</div></details>`}`;
  }}<//>`;
}

function Undo({ absorbed, close }) {
  const undo = useChange(UNDO);
  const [returned, setReturned] = useState(null);
  const act = async () => {
    const { customer } = await untilDone(async () => (await undo({ absorbed: absorbed.absorbedId, dryRun: false })).undoCustomerMerge, "UNDOING", setReturned);
    notify(`${isolated(customer.name)} is a customer again`);
    close();
    location.hash = pageOf(customer.id);
  };
  return html`<${Dialog} title="Undo this merge?" close=${close}>
    <${Preview} document=${UNDO} field="undoCustomerMerge" variables=${{ absorbed: absorbed.absorbedId }} />
    ${returned !== null && html`<p role="status">${count(returned, "order")} went back …</p>`}
    <div class="row actions"><${Action} kind="main" act=${act} label="Undo the merge" /><button onClick=${close}>Keep it</button></div><//>`;
}

// Whom the customer has absorbed. A merge that was interrupted goes on here.
export function Merges({ id, reload }) {
  const asked = useQuery(MERGES, { id });
  const [undone, setUndone] = useState();
  const merge = useChange(MERGE);
  const undo = useChange(UNDO);
  const goOn = async ({ absorbedId, status }) => {
    if (status === "MOVING") await untilDone(async () => (await merge({ keep: id, absorb: absorbedId, dryRun: false })).mergeCustomers, status, () => {});
    else await untilDone(async () => (await undo({ absorbed: absorbedId, dryRun: false })).undoCustomerMerge, status, () => {});
    await asked.reload();
    await reload();
  };
  const merges = asked.data?.customer?.merges.filter(({ status }) => status !== "UNDONE") ?? [];
  if (asked.error) return html`<${Problem} error=${asked.error} again=${asked.reload} />`;
  return merges.length > 0 && html`<section class="screen-only"><h2>Merged into this customer</h2>
    <${Table} caption="Merged into this customer" rows=${merges.map((row) => ({ ...row, id: row.absorbedId }))} columns=${[
      ["Customer", ({ name }) => (name ? html`<${Name} of=${name} />` : "–")], ["E-mail", ({ email }) => html`<${Name} of=${email ?? "–"} />`],
      ["When", ({ startedAt }) => html`<${Time} at=${startedAt} />`], ["Who", ({ startedBy }) => html`<bdi>${startedBy ?? "–"}</bdi>`], ["Orders", ({ moved }) => moved ?? "–", "number"],
      ["", (row) => (["MOVING", "UNDOING"].includes(row.status)
        ? may(row.status === "MOVING" ? "EDITOR" : "OPERATOR") && html`<${Action} act=${() => goOn(row)} label="Go on" name=${`Go on with the merge of ${row.name}`} />`
        : row.undoableUntil && may("OPERATOR") && html`<button onClick=${() => setUndone(row)} aria-label=${`Undo the merge of ${row.name}`}>Undo</button>`)]]} />
    ${undone && html`<${Undo} absorbed=${undone} close=${() => setUndone(undefined)} />`}</section>`;
}
