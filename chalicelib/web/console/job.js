// One job: its state, what is wrong with it, its schedules, its latest runs, and what operators do with it.
import { useChange, useQuery } from "./api.js";
import { html, useState } from "./html.js";
import { JobDialogs } from "./job_dialogs.js";
import { Linked } from "./links.js";
import { Action, Badge, Name, Shown, Table, counted, notify, progress, runLink, useTitle } from "./parts.js";
import { address } from "./route.js";
import { may } from "./session.js";
import { Strip, Trend } from "./strip.js";
import { Time, spell } from "./times.js";

const JOB = `query Job($name: String!) {
  job(name: $name) {
    name description schedule scheduleText state problems nextRun averageSeconds
    arguments { name help type default minimum maximum }
    pause { reason actor since until }
    backfill { actor total left current failed }
    recent { id job slot schedule status nextAttemptAt startedAt durationSeconds reason error counts { name value } pages }
  }
  schedules(job: $name) { id words enabled paused note nextRuns(count: 3) }
}`;
const RESUME = `mutation Resume($name: String!) { resumeJob(name: $name) { job { state } } }`;
const LATEST = 10;

export function JobPage({ id }) {
  const [busy, setBusy] = useState(false);
  const asked = useQuery(JOB, { name: id }, busy ? 2 : 15);
  const active = asked.data?.job?.recent.some(({ status }) => status === "RUNNING" || status === "WAITING") ?? false;
  if (active !== busy) setBusy(active);
  return html`<p><a href="#/overview">Overview</a></p>
    <${Shown} of=${asked}>${({ job, schedules }) => (job
      ? html`<${Job} job=${job} schedules=${schedules} reload=${asked.reload} />`
      : html`<h1>${id}</h1><p class="empty">There is no such job. <a href=${address(["runs"], { job: id })}>Look for runs of that name</a></p>`)}<//>`;
}

function Job({ job, schedules, reload }) {
  useTitle(job.name);
  const [open, setOpen] = useState();
  const resumeJob = useChange(RESUME);
  const resume = async () => {
    await resumeJob({ name: job.name });
    notify(`${job.name} resumed`);
    await reload();
  };
  const button = (what, label, kind = "", disabled = false) => html`<button class=${kind} disabled=${disabled} onClick=${() => setOpen(what)}>${label}</button>`;
  return html`
    <div class="row heading"><div class="row"><h1>${job.name}</h1><${Badge} state=${job.state} /></div>
      ${may("OPERATOR") && html`<div class="row">
        ${button("run", "Run now", "main", Boolean(job.pause))}${button("try", "Dry run")}${button("later", "Run later")}${button("backfill", "Backfill")}
        ${job.pause ? html`<${Action} act=${resume} label="Resume" />` : button("pause", "Pause")}</div>`}</div>
    <p>${job.description}. <span class="quiet" title=${job.schedule}>${job.scheduleText}.</span></p>
    ${job.pause && html`<p class="note">Paused by ${job.pause.actor} <${Time} at=${job.pause.since} relative />: <${Name} of=${job.pause.reason} />${job.pause.until && html`, until <${Time} at=${job.pause.until} />`}</p>`}
    ${job.problems.map((text) => html`<p class="note bad"><${Linked} text=${text} /></p>`)}
    ${job.backfill && html`<${Backfill} of=${job.backfill} job=${job.name} />`}
    <${Strip} job=${job} />
    <dl>
      <div><dt>Next run</dt><dd>${job.nextRun ? html`<${Time} at=${job.nextRun} relative />` : html`<span class="quiet">none${job.pause ? " while paused" : ""}</span>`}</dd></div>
      <div><dt>Usual time</dt><dd>${spell(job.averageSeconds)}</dd></div>
      <div><dt>Durations</dt><dd><${Trend} runs=${job.recent} /></dd></div>
    </dl>
    <${Latest} job=${job} />
    <${Schedules} rows=${schedules} />
    ${open && html`<${JobDialogs} open=${open} job=${job} close=${() => setOpen(undefined)} reload=${reload} />`}`;
}

const Backfill = ({ of: { actor, total, left, current, failed }, job }) => html`<p class="note">A backfill by ${actor}: ${total - left} of ${total} slots have started${failed > 0 && html`, ${failed} failed`}.
  ${current && html` <a href=${runLink({ job, slot: current })}>The current run</a>`}</p>`;

const Latest = ({ job }) => html`<div class="row heading"><h2>Latest runs</h2><a href=${address(["runs"], { job: job.name })}>All runs</a></div>
  <${Table} caption="Latest runs" rows=${job.recent.slice(0, LATEST)} empty="It has never run. It runs on its schedule, or when you choose Run now." columns=${[
    ["Due", (run) => html`<a href=${runLink(run)}><${Time} at=${run.slot} relative /></a>`],
    ["Status", (run) => html`<${Badge} state=${run.status} />`],
    ["Duration", (run) => spell(run.durationSeconds), "number"],
    ["Result", (run) => html`${run.nextAttemptAt && html`Next attempt: <${Time} at=${run.nextAttemptAt} relative />. `}<${Name} of=${run.error ?? run.reason ?? (run.status === "RUNNING" ? progress(run) : counted(run.counts))} />`],
  ]} />`;

const Schedules = ({ rows }) => html`<div class="row heading"><h2>Schedules</h2><a href="#/schedules">All schedules</a></div>
  <${Table} caption="Schedules" rows=${rows} empty="None." columns=${[
    ["Schedule", (row) => html`${row.words}<br /><code class="quiet">${row.id}</code>`],
    ["State", (row) => (row.enabled ? "enabled" : html`disabled${row.paused && html`: <${Name} of=${row.paused} />`}`)],
    ["Next runs", (row) => (row.nextRuns.length ? row.nextRuns.map((at, index) => html`${index > 0 && html`<br />`}<${Time} at=${at} />`) : "–")],
    ["Note", (row) => html`<${Name} of=${row.note ?? "–"} />`],
  ]} />`;
