// One run: how it ended, its attempts, its log, and the runs before and after it.
import { useChange, useQuery } from "./api.js";
import { Confirm } from "./confirm.js";
import { html, useState } from "./html.js";
import { Action, Badge, Name, Shown, Table, counted, notify, progress, runLink, useTitle } from "./parts.js";
import { address } from "./route.js";
import { Log } from "./run_log.js";
import { TRIGGERS } from "./runs.js";
import { may } from "./session.js";
import { Time, spell, when } from "./times.js";

const ONE = `query Run($job: String!, $slot: DateTime!, $schedule: ID) {
  jobRun(job: $job, slot: $slot, schedule: $schedule) {
    id job slot schedule status trigger actor attempts nextAttemptAt pages cursor cap period createdAt startedAt finishedAt durationSeconds cancellation { actor reason }
    counts { name value } arguments { name value } failures { attempt at error } lines error reason
  }
}`;
const NEAR = `query Near($job: String!, $slot: DateTime!) {
  newer: runs(job: $job, from: $slot, last: 4) { edges { node { id job slot schedule status } } }
  older: runs(job: $job, to: $slot, first: 4) { edges { node { id job slot schedule status } } }
}`;
const TRACE = `query Trace($job: String!, $slot: DateTime!, $schedule: ID) { jobRun(job: $job, slot: $slot, schedule: $schedule) { trace } }`;
const AGAIN = `mutation Again($name: String!, $slot: DateTime!, $schedule: ID) { runJob(name: $name, slot: $slot, schedule: $schedule) { run { status } } }`;
const CANCEL = `mutation Cancel($job: String!, $slot: DateTime!, $schedule: ID) {
  cancelRun(job: $job, slot: $slot, schedule: $schedule, reason: "from the console") { run { status } }
}`;
const GOING = new Set(["RUNNING", "WAITING"]);
const QUICK = 1.5, SLOW = 15;
const MAX_CURSOR = 300;

// Return after how many seconds to ask for the run again: soon while it is at work, never when it has ended.
function refreshAfter(run) {
  if (!GOING.has(run.status)) return 0;
  return run.nextAttemptAt ? SLOW : QUICK;
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
    <p><a href="#/overview">Overview</a> › <a href=${address(["jobs", job])}>${job}</a> › <a href=${address(["runs"], { job })}>runs</a></p>
    <${Shown} of=${asked}>${({ jobRun }) => jobRun ? html`<${Details} run=${jobRun} again=${again} cancel=${cancel} />`
      : html`<h1>Run of ${job}</h1><p class="empty">There is no such run. <a href=${address(["runs"], { job })}>Show the runs of ${job}</a></p>`}<//>`;
}

function Details({ run, again, cancel }) {
  const [asks, setAsks] = useState(false);
  useTitle(`Run of ${run.job}`);
  const repeatable = ["FAILED", "MISSED", "SKIPPED", "CANCELLED"].includes(run.status) || run.nextAttemptAt;
  return html`
    <div class="row heading"><h1>Run of ${run.job}</h1><${Neighbours} run=${run} /></div>
    <div class="row"><span role="status"><${Badge} state=${run.status} />${GOING.has(run.status) && html` <span class="quiet">${progress(run)}</span>`}</span>
      ${may("OPERATOR") && repeatable && html`<${Action} act=${again} label="Run again" />`}
      ${may("OPERATOR") && GOING.has(run.status) && html`<button onClick=${() => setAsks(true)} disabled=${Boolean(run.cancellation)}>Cancel run</button>`}
      <button onClick=${copyLink}>Copy link</button></div>
    ${run.status === "RUNNING" && run.cancellation && html`<p class="note">Cancelled by ${run.cancellation.actor}: it ends after this step</p>`}
    ${run.reason && html`<p class="note"><strong>Reason:</strong> <${Name} of=${run.reason} /></p>`}
    ${run.error && html`<p class="note bad" role="alert"><${Name} of=${run.error} /></p>`}
    ${may("OPERATOR") && run.error && html`<${Trace} job=${run.job} slot=${run.slot} schedule=${run.schedule} />`}
    <${Facts} run=${run} />
    ${run.failures.length > 0 && html`<h2>Attempts that failed</h2><${Table} caption="Attempts that failed" rows=${run.failures.map((each) => ({ id: each.at, ...each }))} columns=${[
      ["Attempt", (row) => row.attempt || "–", "number"], ["At", (row) => html`<${Time} at=${row.at} seconds />`], ["Error", (row) => html`<${Name} of=${row.error} />`]]} />`}
    <${Log} run=${run} isGoing=${GOING.has(run.status)} />
    ${asks && html`<${Confirm} title="Cancel this run?" label="Cancel the run" act=${cancel} close=${() => setAsks(false)}>
      <p>${run.status === "RUNNING" ? "It ends after the step that it is taking." : "It ends at once."} What it has done stays, and Run again continues it.</p><//>`}`;
}

function Facts({ run }) {
  return html`<dl>
      <div><dt>Due</dt><dd><${Time} at=${run.slot} seconds /></dd></div>
      <div><dt>Started by</dt><dd>${TRIGGERS[run.trigger]}${run.actor && html` (<${Name} of=${run.actor} />)`}</dd></div>
      <div><dt>Started</dt><dd><${Time} at=${run.startedAt} seconds /></dd></div>
      <div><dt>Finished</dt><dd>${run.finishedAt ? html`<${Time} at=${run.finishedAt} seconds />` : "not yet"}</dd></div>
      <div><dt>Duration</dt><dd>${spell(run.durationSeconds)}</dd></div>
      <div><dt>Attempts</dt><dd>${run.attempts}</dd></div>
      ${run.nextAttemptAt && html`<div><dt>Next attempt</dt><dd><${Time} at=${run.nextAttemptAt} relative /></dd></div>`}
      <div><dt>Checkpoints</dt><dd>${run.pages}</dd></div>
      ${run.cursor && html`<div><dt>Continues from</dt><dd><code>${run.cursor.length > MAX_CURSOR ? `${run.cursor.slice(0, MAX_CURSOR)} …` : run.cursor}</code></dd></div>`}
      ${run.schedule !== `${run.job}.default` && html`<div><dt>Schedule</dt><dd><code>${run.schedule}</code></dd></div>`}
      ${run.arguments.filter(({ name }) => name !== "period").map(({ name, value }) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
      ${run.period && html`<div><dt>Week</dt><dd><a href="#/reports/${run.period}">${run.period}</a></dd></div>`}
      ${may("OPERATOR") && html`<div><dt>Changes</dt><dd><a href=${address(["audit-log"], { actor: `job:${run.job}` })}>by this job</a>, <a href=${address(["audit-log"], { subject: `run:${run.job}:${slotOf(run)}` })}>of this run</a></dd></div>`}
      <div><dt>Result</dt><dd>${counted(run.counts) || (run.status === "SUCCEEDED" ? "nothing was to do" : "–")}</dd></div>
    </dl>`;
}

// As the ledger and the audit log name it: the schedule of operators belongs to it.
const slotOf = ({ job, slot, schedule }) => (schedule === `${job}.default` ? slot : `${slot}@${schedule}`);

// The runs of the job before and after this one.
function Neighbours({ run }) {
  const asked = useQuery(NEAR, { job: run.job, slot: run.slot });
  const near = asked.data ? [...asked.data.newer.edges, ...asked.data.older.edges].map(({ node }) => node) : [];
  const all = near.filter(({ id }, index) => near.findIndex((each) => each.id === id) === index);
  const place = all.findIndex(({ id }) => id === run.id);
  const link = (text, other) => (other && place >= 0
    ? html`<a class="button" href=${runLink(other)} title=${when(other.slot)}>${text}</a>` : html`<button disabled>${text}</button>`);
  return html`<nav class="row" aria-label="Runs of this job">${link("Previous run", all[place + 1])}${link("Next run", all[place - 1])}</nav>`;
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    notify("Link copied");
  } catch {
    notify("The browser does not allow it. Copy the address above.", "bad");
  }
}

// Only operators may see the stack trace. For others, it is left out.
function Trace({ job, slot, schedule }) {
  const asked = useQuery(TRACE, { job, slot, schedule });
  const trace = asked.data?.jobRun?.trace;
  return trace ? html`<details><summary>Stack trace</summary><pre class="lines" tabindex="0" role="region" aria-label="Stack trace">${trace}</pre></details>` : null;
}
