// Each job with its state, its latest runs, and buttons to run, pause and resume it.
import { useChange, useQuery } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { Linked } from "./links.js";
import { Action, Badge, Dialog, Name, Shown, Table, counted, progress, runLink, notify, words } from "./parts.js";
import { may } from "./session.js";
import { Time, spell, when } from "./times.js";

const JOBS = `query Jobs {
  jobs {
    name description schedule scheduleText state problems lastRun nextRun averageSeconds
    pause { reason actor since until }
    recent { id job slot schedule status nextAttemptAt startedAt durationSeconds reason error counts { name value } pages }
  }
}`;
const RUN = `mutation Run($name: String!, $dryRun: Boolean!, $cap: Int) {
  runJob(name: $name, dryRun: $dryRun, cap: $cap) { run { job slot } preview { summary lines more } }
}`;
const PAUSE = `mutation Pause($name: String!, $reason: String!, $until: DateTime) {
  pauseJob(name: $name, reason: $reason, until: $until) { job { state } }
}`;
const RESUME = `mutation Resume($name: String!) { resumeJob(name: $name) { job { state } } }`;

export function Jobs() {
  const [busy, setBusy] = useState(false);
  const asked = useQuery(JOBS, {}, busy ? 2 : 15);
  const active = asked.data?.jobs.some(({ recent }) => recent.some(({ status }) => status === "RUNNING" || status === "WAITING")) ?? false;
  if (active !== busy) setBusy(active);
  return html`
    <h1>Jobs</h1>
    <${Shown} of=${asked}>${({ jobs }) => html`
      <div class="jobs">${jobs.map((job) => html`<${Job} key=${job.name} job=${job} reload=${asked.reload} />`)}</div>`}<//>`;
}

function Job({ job, reload }) {
  const [open, setOpen] = useState();
  const next = job.recent.map(({ nextAttemptAt }) => nextAttemptAt).find(Boolean);
  const close = () => setOpen(undefined);
  const resumeJob = useChange(RESUME);
  const resume = async () => {
    await resumeJob({ name: job.name });
    notify(`${job.name} resumed`);
    await reload();
  };
  return html`
    <section class="card" aria-labelledby=${`job-${job.name}`}>
      <div class="row">
        <h2 id=${`job-${job.name}`}><a href="#/runs/${job.name}">${job.name}</a></h2>
        <${Badge} state=${job.state} />
      </div>
      <p>${job.description}. <span class="quiet" title=${job.schedule}>${job.scheduleText}.</span></p>
      ${job.pause && html`<p class="note">Paused by ${job.pause.actor}: ${job.pause.reason}${job.pause.until && html`, until <${Time} at=${job.pause.until} />`}</p>`}
      ${job.problems.map((text) => html`<p class="note bad"><${Linked} text=${text} /></p>`)}
      <${Strip} job=${job} />
      <dl>
        <div><dt>Last run</dt><dd><${Time} at=${job.lastRun} /></dd></div>
        <div><dt>Result</dt><dd><${Result} runs=${job.recent} /></dd></div>
        <div><dt>Next run</dt><dd>${job.nextRun ? html`<${Time} at=${job.nextRun} relative />` : html`<span class="quiet">none while paused</span>`}</dd></div>
        ${next && html`<div><dt>Next attempt</dt><dd><${Time} at=${next} relative /></dd></div>`}
        <div><dt>Usually takes</dt><dd>${spell(job.averageSeconds)}</dd></div>
        <div><dt>Durations</dt><dd><${Trend} runs=${job.recent} /></dd></div>
      </dl>
      <div class="row actions">
        ${may("OPERATOR") && html`<button class="main" onClick=${() => setOpen("run")} disabled=${Boolean(job.pause)} aria-label=${`Run now: ${job.name}`}>Run now</button>
        <button onClick=${() => setOpen("try")} aria-label=${`Dry run of ${job.name}`}>Dry run</button>
        ${job.pause
          ? html`<${Action} act=${resume} label="Resume" name=${`Resume ${job.name}`} />`
          : html`<button onClick=${() => setOpen("pause")} aria-label=${`Pause ${job.name}`}>Pause</button>`}`}
        <a class="button" href="#/runs/${job.name}" aria-label=${`History of ${job.name}`}>History</a>
      </div>
      ${(open === "run" || open === "try") && html`<${RunDialog} title=${open === "run" ? `Run ${job.name} now?` : `Dry run of ${job.name}`} job=${job} close=${close} reload=${reload} />`}
      ${open === "pause" && html`<${PauseDialog} job=${job} close=${close} reload=${reload} />`}
    </section>`;
}

// The latest runs as coloured cells, newest at the right.
function Strip({ job }) {
  if (job.recent.length === 0) return html`<p class="empty">No runs yet</p>`;
  return html`<ol class="strip" aria-label=${`Latest runs of ${job.name}, oldest first`}>
    ${[...job.recent].reverse().map((run) => html`
      <li key=${run.id}><a class=${run.status} href=${runLink(run)} title=${`${when(run.slot)}: ${words(run.status)}${run.reason ? `, ${run.reason}` : ""}`}>
        <span class="hidden">${when(run.slot)}, ${words(run.status)}</span></a></li>`)}
  </ol>`;
}

// The progress of the current run, or the result of the latest one.
function Result({ runs }) {
  const run = runs.find(({ status }) => status === "RUNNING") ?? runs.find(({ startedAt }) => startedAt);
  if (!run) return "–";
  const done = counted(run.counts);
  const text = run.status === "RUNNING" ? progress(run) : run.error ?? (done || words(run.status));
  return html`<a href=${runLink(run)}><${Name} of=${text} /></a>`;
}

function Trend({ runs }) {
  const seconds = [...runs].reverse().map(({ durationSeconds }) => durationSeconds).filter((value) => value != null);
  if (seconds.length < 2) return "–";
  const most = Math.max(...seconds) || 1;
  const points = seconds.map((value, index) => `${(index / (seconds.length - 1)) * 100},${22 - (value / most) * 20}`).join(" ");
  return html`<svg class="trend" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=${`From ${spell(seconds[0])} to ${spell(seconds.at(-1))}, at most ${spell(most)}`}>
    <polyline points=${points} /></svg>`;
}

const WAIT = 400; // milliseconds after the last key, before the preview is made again

// Show what the run would do before it starts. Until that is shown, it cannot be started.
function RunDialog({ title, job, close, reload }) {
  const [cap, setCap] = useState("");
  const [tried, setTried] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setTried(cap), WAIT);
    return () => clearTimeout(timer);
  }, [cap]);
  const preview = useQuery(RUN, { name: job.name, dryRun: true, cap: tried ? Number(tried) : null });
  const start = useChange(RUN);
  const run = async () => {
    const data = await start({ name: job.name, dryRun: false, cap: cap ? Number(cap) : null });
    notify(`${job.name} started`);
    await reload();
    close();
    location.hash = runLink(data.runJob.run);
  };
  return html`
    <${Dialog} title=${title} close=${close}>
      <${Shown} of=${preview}>${({ runJob: { preview: { summary, lines, more } } }) => html`
        <p><strong>${summary}.</strong> Nothing has changed yet.</p>
        ${lines.length > 0 && html`<div class="lines" tabindex="0" role="region" aria-label="What the run would do">
          <${Table} caption="What the run would do" rows=${lines.map((line, index) => ({ id: index + 1, line }))} columns=${[
            ["No.", (row) => row.id, "number"], ["What the run would do", (row) => html`<bdi><${Linked} text=${row.line} /></bdi>`]]} /></div>`}
        ${more && html`<p class="quiet">… and more.</p>`}`}<//>
      ${job.name === "customer_cleanup" && html`
        <label for="cap">Delete at most this many customers (empty: the default limit)</label>
        <input id="cap" type="number" min="1" value=${cap} onInput=${(event) => setCap(event.target.value)} />`}
      <div class="row actions">
        <${Action} kind="main" act=${run} label="Run it" disabled=${Boolean(job.pause || preview.loading || preview.error) || tried !== cap} />
        <button onClick=${close}>Cancel</button>
      </div>
    <//>`;
}

function PauseDialog({ job, close, reload }) {
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  const pauseJob = useChange(PAUSE);
  const pause = async () => {
    await pauseJob({ name: job.name, reason, until: until ? new Date(until).toISOString() : null });
    notify(`${job.name} paused`);
    await reload();
    close();
  };
  return html`
    <${Dialog} title=${`Pause ${job.name}?`} close=${close}>
      <p>No run starts until somebody resumes the job. A run in progress finishes.</p>
      <label for="reason">Reason</label>
      <input id="reason" required autofocus maxlength="200" value=${reason} onInput=${(event) => setReason(event.target.value)} />
      <label for="until">Until (empty: until somebody resumes it)</label>
      <input id="until" type="datetime-local" value=${until} onInput=${(event) => setUntil(event.target.value)} />
      <div class="row actions">
        <${Action} kind="main" act=${pause} label="Pause it" disabled=${!reason.trim()} />
        <button onClick=${close}>Cancel</button>
      </div>
    <//>`;
}
