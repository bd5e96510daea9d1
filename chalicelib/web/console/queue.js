// The queue: how many messages it holds, and the messages that failed for good.
import { ask, useQuery } from "./api.js";
import { html } from "./html.js";
import { Action, Shown, Table, Time, runLink, notify } from "./parts.js";

const DEPTH = `query Depth { queue { waiting working dead } }`;
const LETTERS = `query Letters { deadLetters { id body reason sentAt job slot } }`;
const REDRIVE = `mutation Redrive { redriveDeadLetters { redriven left } }`;

export function Queue() {
  const depth = useQuery(DEPTH, {}, 5);
  const letters = useQuery(LETTERS);
  const redrive = async () => {
    const { redriven, left } = (await ask(REDRIVE)).redriveDeadLetters;
    notify(`${redriven} retried${left ? `; ${left} left, because they belong to no run or their job is paused` : ""}`);
    await Promise.all([depth.reload(), letters.reload()]);
  };
  return html`<h1>Queue</h1>
    <${Shown} of=${depth}>${({ queue }) => html`<dl class="figures">
      <div><dt>Waiting</dt><dd>${queue.waiting}</dd></div>
      <div><dt>In progress</dt><dd>${queue.working}</dd></div>
      <div><dt>Dead letters</dt><dd>${queue.dead}</dd></div></dl>`}<//>
    <h2>Dead letters</h2>
    <p class="quiet">Messages of runs that failed for good. Fix the cause, then retry them. Work that is already done is not repeated.</p>
    <${Shown} of=${letters}>${({ deadLetters }) => html`
      ${deadLetters.length > 0 && html`<div class="row actions"><${Action} kind="main" act=${redrive} label="Retry all" /></div>`}
      <${Table} caption="Dead letters" rows=${deadLetters} empty="None." columns=${[
        ["Sent", (row) => html`<${Time} at=${row.sentAt} />`],
        ["Run", (row) => row.job ? html`<a href=${runLink(row)}>${row.job}, <${Time} at=${row.slot} /></a>` : html`<code>${row.body.slice(0, 80)}</code>`],
        ["Reason", (row) => row.reason]]} />`}<//>`;
}
