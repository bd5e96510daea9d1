// The runs of a job, and one run with its log lines.
import { useChange, useQuery } from "./api.js";
import { html, useState } from "./html.js";
import { Linked } from "./links.js";
import { Action, Badge, Name, Shown, Table, counted, progress, runLink, notify } from "./parts.js";
import { may } from "./session.js";
import { Time, spell } from "./times.js";

const RUNS = `query Runs($job: String!, $status: RunStatus, $after: String) {
  jobRuns(job: $job, status: $status, first: 50, after: $after) {
    edges { node { id job slot schedule status trigger actor attempts nextAttemptAt durationSeconds reason error counts { name value } } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const ONE = `query Run($job: String!, $slot: DateTime!, $schedule: ID) {
  jobRun(job: $job, slot: $slot, schedule: $schedule) {
    job slot schedule status trigger actor attempts nextAttemptAt pages cursor cap period createdAt startedAt finishedAt durationSeconds cancellation { actor reason }
    counts { name value } lines error reason
  }
}`;
const LINES = `query Lines($job: String!, $slot: DateTime!, $schedule: ID, $after: String) {
  jobRun(job: $job, slot: $slot, schedule: $schedule) {
    logLines(first: 500, after: $after) { edges { node } pageInfo { hasNextPage endCursor } }
  }
}`;
const LAST_LINES = 200; // as many as the API returns in `lines`
const TRACE = `query Trace($job: String!, $slot: DateTime!, $schedule: ID) { jobRun(job: $job, slot: $slot, schedule: $schedule) { trace } }`;
const AGAIN = `mutation Again($name: String!, $slot: DateTime!, $schedule: ID) { runJob(name: $name, slot: $slot, schedule: $schedule) { run { status } } }`;
const CANCEL = `mutation Cancel($job: String!, $slot: DateTime!, $schedule: ID) {
  cancelRun(job: $job, slot: $slot, schedule: $schedule, reason: "from the console") { run { status } }
}`;
const STATUSES = ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "SKIPPED", "MISSED", "CANCELLED"];
const TRIGGERS = { SCHEDULE: "its schedule", CATCH_UP: "the watchdog, which catches up on missed runs", OPERATOR: "an operator" };

const GOING = new Set(["RUNNING", "WAITING"]);
const QUICK = 1.5, SLOW = 15;

// Return after how many seconds to ask for the run again: soon while it is at work, never when it has ended.
function refreshAfter(run) {
  if (!GOING.has(run.status)) return 0;
  return run.nextAttemptAt ? SLOW : QUICK;
}

const NextAttempt = ({ of: run }) => html`Next attempt: <${Time} at=${run.nextAttemptAt} relative />`;

const goOn = ({ jobRuns: { edges, pageInfo } }) => !edges.length && pageInfo.hasNextPage && { after: pageInfo.endCursor };

export function Runs({ job }) {
  const [status, setStatus] = useState("");
  const [cursors, setCursors] = useState([null]);
  const after = cursors.at(-1);
  const asked = useQuery(RUNS, { job, status: status || null, after }, after ? 0 : 10, goOn);
  const choose = (event) => { setStatus(event.target.value); setCursors([null]); };
  return html`
    <p><a href="#/jobs">Jobs</a></p>
    <h1>Runs of ${job}</h1>
    <label for="status">Status</label>
    <select id="status" value=${status} onChange=${choose}>
      <option value="">all</option>
      ${STATUSES.map((name) => html`<option value=${name}>${name.toLowerCase()}</option>`)}
    </select>
    <${Shown} of=${asked}>${({ jobRuns: { edges, pageInfo } }) => html`
      <${Table} caption=${`Runs of ${job}`} rows=${edges.map(({ node }) => node)} empty="No such runs" columns=${[
        ["Due", (run) => html`<a href=${runLink(run)}><${Time} at=${run.slot} /></a>`],
        ["Status", (run) => html`<${Badge} state=${run.status} />`],
        ["Duration", (run) => spell(run.durationSeconds), "number"],
        ["Attempts", (run) => run.attempts, "number"],
        ["Result", (run) => html`${run.nextAttemptAt && html`<${NextAttempt} of=${run} />. `}<${Name} of=${run.error ?? run.reason ?? counted(run.counts)} />`],
      ]} />
      <div class="row actions">
        <button disabled=${cursors.length < 2} onClick=${() => setCursors(cursors.slice(0, -1))}>Newer</button>
        <button disabled=${!pageInfo.hasNextPage} onClick=${() => setCursors([...cursors, pageInfo.endCursor])}>Older</button>
      </div>`}<//>`;
}

export function Run({ job, slot, schedule }) {
  const [seconds, setSeconds] = useState(QUICK);
  const asked = useQuery(ONE, { job, slot, schedule }, seconds);
  const run = asked.data?.jobRun;
  const wanted = run ? refreshAfter(run) : QUICK;
  if (wanted !== seconds) setSeconds(wanted);
  const repeat = useChange(AGAIN);
  const end = useChange(CANCEL);
  const again = async () => {
    await repeat({ name: job, slot, schedule });
    notify("Retrying");
    setSeconds(QUICK);
    await asked.reload();
  };
  const cancel = async () => {
    const { cancelRun: { run: { status } } } = await end({ job, slot, schedule });
    notify(status === "RUNNING" ? "The run ends after this step" : "Cancelled");
    await asked.reload();
  };
  return html`
    <p><a href="#/jobs">Jobs</a> › <a href="#/runs/${job}">${job}</a></p>
    <h1>Run of ${job}</h1>
    <${Shown} of=${asked}>${({ jobRun }) => jobRun ? html`<${Details} run=${jobRun} again=${again} cancel=${cancel} />` : html`<p class="empty">There is no such run.</p>`}<//>`;
}

function Details({ run, again, cancel }) {
  const repeatable = ["FAILED", "MISSED", "SKIPPED", "CANCELLED"].includes(run.status) || run.nextAttemptAt;
  return html`
    <div class="row"><span role="status"><${Badge} state=${run.status} />${GOING.has(run.status) && html` <span class="quiet">${progress(run)}</span>`}</span>
      ${may("OPERATOR") && repeatable && html`<${Action} act=${again} label="Run again" />`}
      ${may("OPERATOR") && GOING.has(run.status) && html`<${Action} act=${cancel} label="Cancel run" disabled=${Boolean(run.cancellation)} />`}</div>
    ${run.status === "RUNNING" && run.cancellation && html`<p class="note">Cancelled by ${run.cancellation.actor}: it ends after this step</p>`}
    ${run.reason && html`<p class="note"><strong>Reason:</strong> ${run.reason}</p>`}
    ${run.error && html`<p class="note bad" role="alert">${run.error}</p>`}
    ${may("OPERATOR") && run.error && html`<${Trace} job=${run.job} slot=${run.slot} schedule=${run.schedule} />`}
    <dl>
      <div><dt>Due</dt><dd><${Time} at=${run.slot} /></dd></div>
      <div><dt>Started by</dt><dd>${TRIGGERS[run.trigger]}${run.actor && html` (${run.actor})`}</dd></div>
      <div><dt>Started</dt><dd><${Time} at=${run.startedAt} /></dd></div>
      <div><dt>Finished</dt><dd>${run.finishedAt ? html`<${Time} at=${run.finishedAt} />` : "not yet"}</dd></div>
      <div><dt>Duration</dt><dd>${spell(run.durationSeconds)}</dd></div>
      <div><dt>Attempts</dt><dd>${run.attempts}</dd></div>
      ${run.nextAttemptAt && html`<div><dt>Next attempt</dt><dd><${Time} at=${run.nextAttemptAt} relative /></dd></div>`}
      <div><dt>Checkpoints</dt><dd>${run.pages}</dd></div>
      ${run.cursor && html`<div><dt>Continues from</dt><dd><code>${run.cursor.length > 300 ? `${run.cursor.slice(0, 300)} …` : run.cursor}</code></dd></div>`}
      ${run.schedule !== `${run.job}.default` && html`<div><dt>Schedule</dt><dd><code>${run.schedule}</code></dd></div>`}
      ${run.cap && html`<div><dt>Cap</dt><dd>${run.cap}</dd></div>`}
      ${run.period && html`<div><dt>Week</dt><dd><a href="#/reports/${run.period}">${run.period}</a></dd></div>`}
      <div><dt>Result</dt><dd>${counted(run.counts) || "–"}</dd></div>
    </dl>
    <h2>Log</h2>
    <${Log} run=${run} />`;
}

// The last lines are what one wants to see of a long run while it goes on. The others come page by page.
function Log({ run }) {
  const [all, setAll] = useState(false);
  if (!run.lines.length) return html`<p class="empty">It has logged nothing.</p>`;
  if (all) return html`<${AllLines} job=${run.job} slot=${run.slot} schedule=${run.schedule} />`;
  return html`
    ${run.lines.length >= LAST_LINES && html`<div class="row actions"><span class="quiet">The last ${LAST_LINES} lines</span>
      <button onClick=${() => setAll(true)}>Show from the beginning</button></div>`}
    <${Lines} lines=${run.lines} />`;
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

// Only operators may see the stack trace. For others, it is left out.
function Trace({ job, slot, schedule }) {
  const asked = useQuery(TRACE, { job, slot, schedule });
  const trace = asked.data?.jobRun?.trace;
  return trace ? html`<details><summary>Stack trace</summary><pre class="lines" tabindex="0" role="region" aria-label="Stack trace">${trace}</pre></details>` : null;
}
