// What operators do with a job: run it now or later, pause and resume it, run slots of the past. Each shows first what it would do.
import { ask, useChange, useQuery } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { Linked } from "./links.js";
import { Action, Dialog, Shown, Table, notify, runLink } from "./parts.js";
import { zone } from "./preferences.js";
import { address } from "./route.js";
import { may } from "./session.js";
import { Time, fromField } from "./times.js";

const RUN = `mutation Run($name: String!, $dryRun: Boolean!, $at: DateTime, $arguments: [RunArgumentInput!]) {
  runJob(name: $name, dryRun: $dryRun, at: $at, arguments: $arguments) { run { job slot schedule } preview { summary lines more } }
}`;
const PAUSE = `mutation Pause($name: String!, $reason: String!, $until: DateTime) {
  pauseJob(name: $name, reason: $reason, until: $until) { job { state } }
}`;
const RESUME = `mutation Resume($name: String!) { resumeJob(name: $name) { job { state } } }`;
const BACKFILL = `mutation Backfill($job: String!, $from: DateTime!, $to: DateTime!, $dryRun: Boolean!) {
  backfill(job: $job, from: $from, to: $to, dryRun: $dryRun) { slots }
}`;
const WAIT = 400; // milliseconds after the last key, before the preview is made again

// The actions of a menu. Those who may not change anything get the way to the runs.
export function jobActions(job, open, reload) {
  const history = ["Its runs", address(["runs"], { job: job.name })];
  if (!may("OPERATOR")) return [history];
  const resume = async () => {
    try {
      await ask(RESUME, { name: job.name });
      notify(`${job.name} resumed`);
      await reload();
    } catch (error) {
      notify(error.message, "bad");
    }
  };
  return [
    ["Run now …", () => open("run"), Boolean(job.pause)], ["Dry run …", () => open("try")], ["Run later …", () => open("later")],
    job.pause ? ["Resume", resume] : ["Pause …", () => open("pause")], ["Backfill …", () => open("backfill")], history,
  ];
}

export function JobDialogs({ open, job, close, reload }) {
  if (open === "pause") return html`<${PauseDialog} job=${job} close=${close} reload=${reload} />`;
  if (open === "backfill") return html`<${BackfillDialog} job=${job} close=${close} reload=${reload} />`;
  return html`<${RunDialog} key=${open} open=${open} job=${job} close=${close} reload=${reload} />`;
}

const TITLES = { run: (name) => `Run ${name} now?`, try: (name) => `Dry run of ${name}`, later: (name) => `Run ${name} later?` };

// Show what the run would do before it starts. Until that is shown, it cannot be started.
function RunDialog({ open, job, close, reload }) {
  const [values, setValues] = useState({});
  const [at, setAt] = useState("");
  const [tried, setTried] = useState("{}");
  const text = JSON.stringify(values);
  const given = (of) => Object.entries(JSON.parse(of)).filter(([, value]) => value !== "").map(([name, value]) => ({ name, value }));
  const preview = useQuery(RUN, { name: job.name, dryRun: true, arguments: given(tried) });
  const start = useChange(RUN);
  useEffect(() => {
    const timer = setTimeout(() => setTried(text), WAIT);
    return () => clearTimeout(timer);
  }, [text]);
  const run = async () => {
    const data = await start({ name: job.name, dryRun: false, at: open === "later" ? fromField(at) : null, arguments: given(text) });
    notify(open === "later" ? `${job.name} waits for its time` : `${job.name} started`);
    await reload();
    close();
    location.hash = runLink(data.runJob.run);
  };
  const isPaused = open === "run" && job.pause;
  const ready = !isPaused && !preview.loading && !preview.error && tried === text && (open !== "later" || at);
  return html`
    <${Dialog} title=${TITLES[open](job.name)} close=${close}>
      <${Shown} of=${preview}>${({ runJob: { preview: { summary, lines, more } } }) => html`
        <p><strong>${summary}.</strong> Nothing has changed yet.${open === "later" && " This is what a run would do now."}</p>
        ${lines.length > 0 && html`<div class="lines" tabindex="0" role="region" aria-label="What the run would do">
          <${Table} caption="What the run would do" rows=${lines.map((line, index) => ({ id: index + 1, line }))} columns=${[
            ["No.", (row) => row.id, "number"], ["What the run would do", (row) => html`<bdi><${Linked} text=${row.line} /></bdi>`]]} /></div>`}
        ${more && html`<p class="quiet">… and more.</p>`}`}<//>
      ${open === "later" && html`<label for="at">When (${zone()})</label><input id="at" type="datetime-local" autofocus value=${at} onInput=${(event) => setAt(event.target.value)} />`}
      ${job.arguments.length > 0 && html`<details class="arguments"><summary>With other values</summary>
        ${job.arguments.map((argument) => html`<${Argument} key=${argument.name} of=${argument} value=${values[argument.name] ?? ""} set=${(value) => setValues({ ...values, [argument.name]: value })} />`)}</details>`}
      <div class="row actions">
        <button onClick=${close}>Cancel</button>
        <${Action} kind="main" act=${run} label=${open === "later" ? "Schedule it" : "Run it"} disabled=${!ready} />
      </div>
    <//>`;
}

const Argument = ({ of: { name, help, type, default: usual, minimum, maximum }, value, set }) => html`
  <label for=${`argument-${name}`}>${name} <span class="quiet">${help}${usual == null ? "" : ` (${usual})`}</span></label>
  <input id=${`argument-${name}`} type=${type === "INTEGER" ? "number" : "text"} min=${minimum} max=${maximum} value=${value} onInput=${(event) => set(event.target.value)} />`;

function PauseDialog({ job, close, reload }) {
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  const pauseJob = useChange(PAUSE);
  const pause = async () => {
    await pauseJob({ name: job.name, reason, until: fromField(until) });
    notify(`${job.name} paused`);
    await reload();
    close();
  };
  return html`
    <${Dialog} title=${`Pause ${job.name}?`} close=${close}>
      <p>No run starts until somebody resumes the job. A run in progress finishes.</p>
      <label for="reason">Reason</label>
      <input id="reason" required autofocus maxlength="200" value=${reason} onInput=${(event) => setReason(event.target.value)} />
      <label for="until">Until, in ${zone()} (empty: until somebody resumes it)</label>
      <input id="until" type="datetime-local" value=${until} onInput=${(event) => setUntil(event.target.value)} />
      <div class="row actions">
        <button onClick=${close}>Cancel</button>
        <${Action} kind="main" act=${pause} label="Pause it" disabled=${!reason.trim()} />
      </div>
    <//>`;
}

// The slots of the past that have no successful run.
function BackfillDialog({ job, close, reload }) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [found, setFound] = useState();
  const start = useChange(BACKFILL);
  const variables = { job: job.name, from: fromField(from), to: fromField(to) };
  const look = async () => setFound((await ask(BACKFILL, { ...variables, dryRun: true })).backfill.slots);
  const run = async () => {
    const { backfill: { slots } } = await start({ ...variables, dryRun: false });
    notify(`${slots.length} ${slots.length === 1 ? "run" : "runs"} of ${job.name} will follow one another`);
    await reload();
    close();
  };
  const field = (id, label, value, set) => html`<label for=${id}>${label}</label>
    <input id=${id} type="datetime-local" value=${value} onInput=${(event) => { set(event.target.value); setFound(undefined); }} />`;
  return html`
    <${Dialog} title=${`Backfill ${job.name}?`} close=${close}>
      <p>Runs each slot of its own schedule that has no successful run, the oldest first, one at a time.</p>
      ${field("from", `From (${zone()})`, from, setFrom)}${field("to", `Up to (${zone()})`, to, setTo)}
      ${found && (found.length ? html`<p><strong>${found.length} ${found.length === 1 ? "slot" : "slots"}:</strong> <${Time} at=${found[0]} />${found.length > 1 && html` to <${Time} at=${found.at(-1)} />`}. Nothing has changed yet.</p>`
        : html`<p>Each slot in this time has a successful run.</p>`)}
      <div class="row actions">
        <button onClick=${close}>Cancel</button>
        <${Action} act=${look} label="Show the slots" disabled=${!from || !to} />
        <${Action} kind="main" act=${run} label="Run them" disabled=${!found?.length} />
      </div>
    <//>`;
}
