// The log of a run: the last lines, all of them in pages, those with a text, and the whole as a file.
import { ask, useQuery } from "./api.js";
import { html, useState } from "./html.js";
import { Linked } from "./links.js";
import { Action, Shown, notify } from "./parts.js";

const LINES = `query Lines($job: String!, $slot: DateTime!, $schedule: ID, $after: String) {
  jobRun(job: $job, slot: $slot, schedule: $schedule) {
    logLines(first: 500, after: $after) { edges { node } pageInfo { hasNextPage endCursor } }
  }
}`;
const LAST_LINES = 200; // as many as the API returns in `lines`
const MAX_FOUND = 500;

// All lines, page by page.
async function readAll({ job, slot, schedule, lines }, isGoing) {
  if (lines.length < LAST_LINES && !isGoing) return lines;
  const all = [];
  for (let after = null, more = true; more; ) {
    const { edges, pageInfo } = (await ask(LINES, { job, slot, schedule, after })).jobRun.logLines;
    all.push(...edges.map(({ node }) => node));
    after = pageInfo.endCursor;
    more = pageInfo.hasNextPage;
  }
  return all;
}

function save(run, lines) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.map((line) => `${line}\n`).join("")], { type: "text/plain" }));
  link.download = `${run.job}-${run.slot.replaceAll(":", "")}.log`;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function Log({ run, isGoing }) {
  const [view, setView] = useState("last");
  const [text, setText] = useState("");
  const [found, setFound] = useState();
  if (!run.lines.length) return html`<h2>Log</h2><p class="empty">${isGoing ? "It has logged nothing yet." : "It has logged nothing: there was nothing to do, or it did not get that far."}</p>`;
  const isLong = run.lines.length >= LAST_LINES;
  const search = async (event) => {
    event.preventDefault();
    if (!text.trim()) return setFound(undefined);
    try {
      const lines = await readAll(run, isGoing);
      const wanted = text.toLowerCase();
      const matches = lines.map((line, index) => `${index + 1}: ${line}`).filter((_, index) => lines[index].toLowerCase().includes(wanted));
      return setFound({ text, matches, total: lines.length });
    } catch (error) {
      return notify(error.message, "bad");
    }
  };
  const clear = () => { setFound(undefined); setText(""); };
  return html`<div class="row heading"><h2>Log</h2>
    <form class="row find" role="search" aria-label="Find in the log" onSubmit=${search}>
      <label class="hidden" for="find">Find in the log</label><input id="find" type="search" placeholder="Find in the log" value=${text} onInput=${(event) => setText(event.target.value)} />
      <button>Find</button>${found && html`<button type="button" class="plain" onClick=${clear}>Show all</button>`}</form>
    <${Action} act=${async () => save(run, await readAll(run, isGoing))} label="Download" /></div>
    ${found ? html`<p role="status">${found.matches.length} of ${found.total} lines have <strong><bdi>${found.text}</bdi></strong>${found.matches.length > MAX_FOUND && html`. The first ${MAX_FOUND}:`}</p>
        ${found.matches.length > 0 && html`<${Lines} lines=${found.matches.slice(0, MAX_FOUND)} />`}`
      : view === "all" ? html`<${AllLines} job=${run.job} slot=${run.slot} schedule=${run.schedule} />`
      : html`${isLong && html`<div class="row actions"><span class="quiet">The last ${LAST_LINES} lines</span>
          <button onClick=${() => setView("all")}>Show from the beginning</button></div>`}
        <${Lines} lines=${run.lines} />`}`;
}

function AllLines({ job, slot, schedule }) {
  const [cursors, setCursors] = useState([null]);
  const asked = useQuery(LINES, { job, slot, schedule, after: cursors.at(-1) });
  return html`<${Shown} of=${asked}>${({ jobRun: { logLines: { edges, pageInfo } } }) => html`
    <${Lines} lines=${edges.map(({ node }) => node)} />
    <div class="row actions">
      <button disabled=${cursors.length < 2} onClick=${() => setCursors(cursors.slice(0, -1))}>Earlier lines</button>
      <button disabled=${!pageInfo.hasNextPage} onClick=${() => setCursors([...cursors, pageInfo.endCursor])}>Later lines</button>
    </div>`}<//>`;
}

function Lines({ lines }) {
  return html`<pre class="lines" tabindex="0" role="region" aria-label="Log lines">${lines.map((line) => html`<${Linked} text=${`${line}\n`} />`)}</pre>`;
}
