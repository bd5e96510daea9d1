// The queue: how many messages it holds, and the messages that failed for good.
import { useChange, useQuery } from "./api.js";
import { html } from "./html.js";
import { Action, Shown, Table, runLink, notify } from "./parts.js";
import { may } from "./session.js";
import { Time } from "./times.js";

const DEPTH = `query Depth { queue { waiting working dead } }`;
const LETTERS = `query Letters { deadLetters { id body reason sentAt job slot } queue { dead } }`;
const REDRIVE = `mutation Redrive($ids: [ID!]) { redriveDeadLetters(ids: $ids) { redriven left } }`;
const DISCARD = `mutation Discard($ids: [ID!]!) { discardDeadLetters(ids: $ids) { discarded left } }`;

export function Queue() {
  const depth = useQuery(DEPTH, {}, 5);
  return html`<h1>Queue</h1>
    <${Shown} of=${depth}>${({ queue }) => html`<dl class="figures">
      <div><dt>Waiting</dt><dd>${queue.waiting}</dd></div>
      <div><dt>In progress</dt><dd>${queue.working}</dd></div>
      <div><dt>Dead letters</dt><dd>${queue.dead}</dd></div></dl>`}<//>
    <h2>Dead letters</h2>
    <p class="quiet">Messages of runs that failed for good. Fix the cause, then retry them. Work that is already done is not repeated.</p>
    ${may("OPERATOR") ? html`<${DeadLetters} changed=${depth.reload} />` : html`<p>Only an operator sees them.</p>`}`;
}

function DeadLetters({ changed }) {
  const letters = useQuery(LETTERS);
  const reload = () => Promise.all([changed(), letters.reload()]);
  const retry = useChange(REDRIVE);
  const remove = useChange(DISCARD);
  const redrive = async (ids) => {
    const { redriven, left } = (await retry({ ids })).redriveDeadLetters;
    notify(`${redriven} retried${left ? `; ${left} left, because they belong to no run or their job is paused` : ""}`);
    await reload();
  };
  const discard = async ({ id }) => {
    const { discarded } = (await remove({ ids: [id] })).discardDeadLetters;
    notify(discarded ? "1 discarded" : "It is no longer there");
    await reload();
  };
  return html`
    <${Shown} of=${letters}>${({ deadLetters, queue }) => html`
      ${queue.dead > deadLetters.length && html`<p class="quiet">${deadLetters.length} of about ${queue.dead} are shown.</p>`}
      ${deadLetters.length > 0 && html`<div class="row actions"><${Action} kind="main" act=${() => redrive(null)} label="Retry all" /></div>`}
      <${Table} caption="Dead letters" rows=${deadLetters} empty="None." columns=${[
        ["Sent", (row) => html`<${Time} at=${row.sentAt} />`],
        ["Run", (row) => row.job ? html`<a href=${runLink(row)}>${row.job}, <${Time} at=${row.slot} /></a>` : html`<code>${row.body.slice(0, 80)}</code>`],
        ["Reason", (row) => row.reason],
        ["", (row) => html`<span class="row actions">
          ${row.job && html`<${Action} act=${() => redrive([row.id])} label="Retry" name=${`Retry ${row.job} ${row.slot}`} />`}
          <${Action} act=${() => discard(row)} label="Discard" name=${`Discard ${row.job ? `${row.job} ${row.slot}` : row.id}`} /></span>`]]} />`}<//>`;
}
