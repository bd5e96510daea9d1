// How an import goes on, and what became of the rows.
import { save, toText } from "./csv.js";
import { html } from "./html.js";
import { all, rowsOf } from "./import_store.js";
import { normalize } from "./import_values.js";
import { Action, Problem, Table, money } from "./parts.js";
import { Time } from "./times.js";

const LABELS = {
  created: "Created", existing: "Already there", differing: "There, with other values", restored: "Restored", refunds: "Refunds", rejected: "Rejected", warned: "With a warning",
};
const REJECT_COLUMNS = ["line", "code", "reason", "because"];

async function download(state, what, header, cells) {
  const texts = [toText([header], true)];
  for await (const rows of rowsOf(state.id, what)) texts.push(toText(rows.map(cells), true));
  save(`${state.as.kind}.${what === "reject" ? "rejected" : "warnings"}.csv`, texts);
}

async function downloadRejects(state, columns) {
  const causes = await causesOf(state);
  await download(state, "reject", [...columns, ...REJECT_COLUMNS], (row) => [...columns.map((_, index) => row.cells[index]), row.line, row.code, row.reason, becauseOf(row, causes)]);
}

// The rejected rows of the customers and products that were imported on this device, by what stands in their cells.
async function causesOf(state) {
  const causes = { customers: new Map(), products: new Map() };
  if (state.as.kind !== "orders") return causes;
  for (const { id, name, as } of await all()) {
    for await (const rows of as.kind === "orders" ? [] : rowsOf(id, "reject")) {
      for (const { line, code, reason, cells } of rows) for (const cell of cells) causes[as.kind].set(normalize(cell), `Line ${line} of ${name} was rejected: ${code}, ${reason}`);
    }
  }
  return causes;
}

const becauseOf = ({ because, needs }, causes) =>
  [...new Set([...(needs?.texts ?? []).map((text) => causes[needs.kind].get(normalize(text))), because].filter(Boolean))].join(". ");
const downloadWarnings = (state) => download(state, "warning", ["line", "warning"], ({ line, text }) => [line, text]);

export function Progress({ running, other }) {
  const { state, isRunning, problem, source } = running;
  const counts = Object.entries(LABELS).filter(([name]) => state.counts[name] || ["created", "existing", "rejected"].includes(name));
  const title = isRunning ? "Importing" : state.finished ? "Imported" : "Stopped";
  return html`
    <section class="card" aria-labelledby="progress-title">
      <h2 id="progress-title">${title}: <bdi>${state.name}</bdi></h2>
      <p><progress aria-label="Progress" max=${state.total} value=${state.done}></progress></p>
      <p role="status">${state.done.toLocaleString()} of ${state.total.toLocaleString()} ${state.as.kind}</p>
      ${problem && html`<${Problem} error=${problem} again=${() => running.start()} />`}
      <dl class="figures">${counts.map(([name, label]) => html`<div key=${name}><dt>${label}</dt><dd>${state.counts[name].toLocaleString()}</dd></div>`)}</dl>
      ${state.as.kind === "orders" && state.done > 0 && html`<p>${money(state.cents / 100)} here, ${money(state.fileCents / 100)} ${state.statesTotals ? "in the file" : "by the lines of the file"}.</p>`}
      ${state.counts.differing > 0 && html`<p class="quiet">Existing rows with other values are not changed; the warnings list them. <code>crmctl import FILE --update</code> changes them.</p>`}
      <div class="row actions">
        ${isRunning ? html`<button onClick=${() => running.stop()}>${running.isStopped ? "Stopping …" : "Stop"}</button>`
          : html`${!state.finished && html`<button class="main" onClick=${() => running.start()}>Go on</button>`}
            ${state.counts.rejected > 0 && html`<${Action} act=${() => downloadRejects(state, source.columns)} label="Download rejected rows" />`}
            ${state.counts.warned > 0 && html`<${Action} act=${() => downloadWarnings(state)} label="Download warnings" />`}
            <button onClick=${other}>Import another file</button>`}
      </div>
      ${!isRunning && state.counts.rejected > 0 && html`<p class="quiet">The file with the rejected rows has their original columns and the reasons. Repair that file, and import it as it is.</p>`}
    </section>`;
}

// Imports that this browser remembers: the file itself has to be chosen again, because a page cannot keep it.
export const Unfinished = ({ kept, drop }) => kept.length > 0 && html`
  <h2>Imports on this device</h2>
  <p class="quiet">To go on with one, choose the same file again. Rejected rows stay in this browser until you forget the import or sign out.</p>
  <${Table} caption="Imports on this device" rows=${kept} columns=${[
    ["File", ({ name }) => html`<bdi>${name}</bdi>`], ["Began", ({ at }) => html`<${Time} at=${at} />`],
    ["Done", ({ done, total, finished, as }) => `${finished ? "all" : `${done.toLocaleString()} of`} ${total.toLocaleString()} ${as.kind}`], ["Rejected", ({ counts }) => counts.rejected, "number"],
    ["", ({ id, name }) => html`<${Action} act=${() => drop(id)} label="Forget" name=${`Forget ${name}`} />`]]} />`;
