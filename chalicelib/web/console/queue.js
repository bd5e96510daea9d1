// The queue: how many messages it holds, and the messages that failed for good.
import { useChange, useQuery } from "./api.js";
import { Confirm } from "./confirm.js";
import { html, useEffect, useState } from "./html.js";
import { Name, Shown, Table, count as countOf, notify, runLink } from "./parts.js";
import { PickAll, pickColumn, usePicked } from "./pick.js";
import { may } from "./session.js";
import { Time, when } from "./times.js";

const DEPTH = `query Depth { queue { waiting working dead } }`;
const LETTERS = `query Letters { deadLetters { id body reason sentAt job slot } }`;
const REDRIVE = `mutation Redrive($ids: [ID!]) { redriveDeadLetters(ids: $ids) { redriven left } }`;
const DISCARD = `mutation Discard($ids: [ID!]!) { discardDeadLetters(ids: $ids) { discarded left } }`;
const MAX_LISTED = 100; // as many as the API lists

export function Queue() {
  const depth = useQuery(DEPTH, {}, 5);
  const [listed, setListed] = useState(); // how many rows are shown
  const dead = depth.data?.queue.dead;
  // SQS counts approximately, and late. Once the rows are known, they are the number.
  const count = listed === undefined || (listed === MAX_LISTED && dead > listed) ? dead : listed;
  return html`<h1>Queue</h1>
    <${Shown} of=${depth}>${({ queue }) => html`<dl class="figures">
      <div><dt>Waiting</dt><dd>${queue.waiting}</dd></div>
      <div><dt>In progress</dt><dd>${queue.working}</dd></div>
      <div><dt>Dead letters</dt><dd>${count}</dd></div></dl>`}<//>
    <h2>Dead letters</h2>
    <p class="quiet">Messages of runs that failed for good. Fix the cause, then retry them. Work that is already done is not repeated.</p>
    ${may("OPERATOR") ? html`<${DeadLetters} depth=${depth.data?.queue} changed=${depth.reload} setListed=${setListed} />` : html`<p>Only operators can see them.</p>`}`;
}

const nameOf = (row) => (row.job ? `${row.job}, ${when(row.slot)}` : `message ${row.id}`);

function DeadLetters({ depth, changed, setListed }) {
  const letters = useQuery(LETTERS);
  const picks = usePicked();
  const [open, setOpen] = useState(); // [what, rows]
  const retry = useChange(REDRIVE);
  const remove = useChange(DISCARD);
  const rows = letters.data?.deadLetters;
  useEffect(() => setListed(rows?.length), [rows]);
  // Another operator, or another failure, has changed the queue; or somebody looked at the same moment, which hides letters from others.
  // Not while a question is open: letters that are being read cannot be retried or discarded.
  useEffect(() => { if (rows && depth && !open && Math.min(depth.dead, MAX_LISTED) !== rows.length) letters.reload(); }, [depth]);
  const reload = async () => {
    picks.clear();
    await Promise.all([changed(), letters.reload()]);
  };
  const redrive = async (ids) => {
    const { redriven, left } = (await retry({ ids })).redriveDeadLetters;
    notify(`${redriven} retried${left ? `; ${left} left, because they belong to no run or their job is paused` : ""}`);
    await reload();
  };
  const discard = async (ids) => {
    const { discarded } = (await remove({ ids })).discardDeadLetters;
    notify(discarded ? `${discarded} discarded` : "They are no longer in the queue");
    await reload();
  };
  const ids = (some) => some.map(({ id }) => id);
  return html`
    <${Shown} of=${letters}>${({ deadLetters }) => {
      const picked = deadLetters.filter(({ id }) => picks.picked.includes(id));
      return html`
        ${deadLetters.length > 0 && html`<div class="row actions">
          <${PickAll} of=${picks} rows=${deadLetters} />
          <button disabled=${!picked.some(({ job }) => job)} onClick=${() => setOpen(["retry", picked])}>Retry selected</button>
          <button disabled=${!picked.length} onClick=${() => setOpen(["discard", picked])}>Discard selected</button>
          <button disabled=${!deadLetters.some(({ job }) => job)} onClick=${() => setOpen(["retry", deadLetters])}>Retry all</button>
          <button onClick=${() => setOpen(["discard", deadLetters])}>Discard all</button></div>`}
        <${Table} caption="Dead letters" rows=${deadLetters} empty="None. Messages that fail for good appear here." columns=${[
          pickColumn(picks, nameOf),
          ["Sent", (row) => html`<${Time} at=${row.sentAt} relative />`],
          ["Run", (row) => row.job ? html`<a href=${runLink(row)}>${row.job}, <${Time} at=${row.slot} /></a>` : html`<code>${row.body.slice(0, 80)}</code>`],
          ["Reason", (row) => html`<${Name} of=${row.reason} />`],
          ["", (row) => html`<span class="row actions">
            ${row.job && html`<button onClick=${() => setOpen(["retry", [row]])} aria-label=${`Retry ${nameOf(row)}`}>Retry</button>`}
            <button onClick=${() => setOpen(["discard", [row]])} aria-label=${`Discard ${nameOf(row)}`}>Discard</button></span>`]]} />
        ${open && html`<${Question} what=${open[0]} rows=${open[1]} close=${() => setOpen(undefined)} act=${() => (open[0] === "retry" ? redrive(ids(open[1].filter(({ job }) => job))) : discard(ids(open[1])))} />`}`;
    }}<//>`;
}

const counted = (number) => countOf(number, "message");

// What it will do, before it is done.
function Question({ what, rows, close, act }) {
  const named = rows.filter(({ job }) => job);
  const others = rows.length - named.length;
  if (what === "retry") {
    return html`<${Confirm} title=${`Retry ${counted(named.length)}?`} label="Retry" act=${act} close=${close}>
      <p>${named.length === 1 ? "Its run continues" : "Their runs continue"} from the last checkpoint.${others > 0 && ` ${counted(others)} of no run ${others === 1 ? "stays" : "stay"}: discard ${others === 1 ? "it" : "them"}.`}</p>
      <ul>${named.slice(0, 10).map((row) => html`<li key=${row.id}>${nameOf(row)}</li>`)}</ul>${named.length > 10 && html`<p>… and ${named.length - 10} more.</p>`}<//>`;
  }
  return html`<${Confirm} title=${`Discard ${counted(rows.length)}?`} label="Discard" act=${act} close=${close}>
    <p>${rows.length === 1 ? "It leaves" : "They leave"} the queue for good. Runs stay in the history as they are.</p>
    <ul>${rows.slice(0, 10).map((row) => html`<li key=${row.id}>${nameOf(row)}</li>`)}</ul>${rows.length > 10 && html`<p>… and ${rows.length - 10} more.</p>`}<//>`;
}
