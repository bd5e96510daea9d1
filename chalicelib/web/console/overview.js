// The first page for operators: is anything wrong, how are the jobs, and what does the day look like?
import { useQuery } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { JobDialogs, jobActions } from "./job_dialogs.js";
import { Menu } from "./menu.js";
import { Linked, pageOf } from "./links.js";
import { Badge, Name, Shown, Table, runLink, words } from "./parts.js";
import { address } from "./route.js";
import { publish } from "./status.js";
import { Strip } from "./strip.js";
import { Timeline } from "./timeline.js";
import { Time, spell } from "./times.js";

const STATUS = `query Overview {
  status {
    stage version count more
    problems { kind text job slot schedule count keptId absorbedId }
    jobs {
      name scheduleText state nextRun averageSeconds
      arguments { name help type default minimum maximum }
      pause { reason actor since until }
      latest { job slot schedule status startedAt nextAttemptAt error }
      recent { id job slot schedule status reason }
    }
    past { job hour status counts { status count } }
    coming { job hour due }
  }
}`;
const KINDS = { FAILED: ["failed", "failed"], MISSED: ["missed", "missed"], LATE: ["late", "late"], DEAD_LETTERS: ["dead letter", "dead letters"], PAUSED: ["long pause", "long pauses"], MERGE: ["unfinished merge", "unfinished merges"], ALERT: ["alert", "alerts"] };
const MAX_LISTED = 5;
const DAY = 86_400_000;

export function Overview() {
  const [busy, setBusy] = useState(false);
  const asked = useQuery(STATUS, {}, busy ? 2 : 15);
  const status = asked.data?.status;
  const active = status?.jobs.some(({ recent }) => recent.some((run) => run.status === "RUNNING" || run.status === "WAITING")) ?? false;
  if (active !== busy) setBusy(active);
  useEffect(() => { if (status) publish(status); }, [status]);
  return html`<h1>Overview</h1>
    <${Shown} of=${asked}>${() => html`
      <${Band} status=${status} />
      <${Jobs} jobs=${status.jobs} reload=${asked.reload} />
      <${Timeline} jobs=${status.jobs} past=${status.past} coming=${status.coming} now=${Date.now()} />`}<//>`;
}

const since = () => new Date(Date.now() - DAY).toISOString().slice(0, 16);

// A job that is not among `jobs`, such as the erasure, has no page, but a list of its runs.
function linkOf({ kind, job, slot, schedule, keptId }, jobs) {
  if (slot) return runLink({ job, slot, schedule });
  if (kind === "FAILED" || kind === "MISSED") return address(["runs"], { status: kind, from: since() });
  if (kind === "DEAD_LETTERS") return "#/queue";
  if (kind === "MERGE") return pageOf(keptId);
  if (job) return jobs.some(({ name }) => name === job) ? address(["jobs", job]) : address(["runs"], { job });
  return "#/notifications";
}

// Is anything wrong? The numbers lead to lists, the sentences to what they are about.
function Band({ status: { problems, count, more, jobs } }) {
  if (!count) {
    return html`<section class="band good" aria-label="Is anything wrong?"><p><strong>Nothing is wrong.</strong>
      <span class="quiet"> No failed, missed or late run in the last 24 hours, no dead letters, no alerts, no long pauses, no unfinished merges.</span></p></section>`;
  }
  const groups = Object.keys(KINDS).map((kind) => [kind, problems.filter((problem) => problem.kind === kind)]).filter(([, found]) => found.length);
  return html`<section class="band bad" aria-label="Is anything wrong?">
    <ul class="sums"><li><strong>${more ? "More than " : ""}${count} ${count === 1 ? "thing is" : "things are"} wrong:</strong></li>${groups.map(([kind, found]) => {
      const sum = found.reduce((total, problem) => total + problem.count, 0);
      return html`<li key=${kind}><a class="badge ${kind}" href=${linkOf({ ...found[0], slot: null }, jobs)}>${sum} ${KINDS[kind][sum === 1 ? 0 : 1]}</a></li>`;
    })}</ul>
    <ul class="problems">${problems.slice(0, MAX_LISTED).map((problem, index) => html`<li key=${index}><${Wrong} of=${problem} jobs=${jobs} /></li>`)}
      ${problems.length > MAX_LISTED && html`<li><details><summary>${problems.length - MAX_LISTED} more</summary><ul class="problems">
        ${problems.slice(MAX_LISTED).map((problem, index) => html`<li key=${index}><${Wrong} of=${problem} jobs=${jobs} /></li>`)}</ul></details></li>`}</ul>
  </section>`;
}

const Wrong = ({ of: problem, jobs }) => html`<a href=${linkOf(problem, jobs)}>${problem.job ?? KINDS[problem.kind][1]}${problem.slot && html` <${Time} at=${problem.slot} relative />`}</a>
  ${" "}${problem.slot ? `${KINDS[problem.kind][0]}: ` : ""}<span class="text">${problem.kind === "MERGE" ? html`<${Linked} text=${problem.text} />` : html`<${Name} of=${problem.text} />`}</span>`;

function Jobs({ jobs, reload }) {
  const [open, setOpen] = useState(); // [what, name]
  const job = open && jobs.find(({ name }) => name === open[1]);
  return html`<section aria-labelledby="jobs"><h2 id="jobs" class="hidden">Jobs</h2><div class="jobs">
    <${Table} caption="Jobs" rows=${jobs} empty="There are no jobs." columns=${[
      ["Job", (row) => html`<a href=${address(["jobs", row.name])}>${row.name}</a><br /><span class="quiet">${row.scheduleText}</span>`],
      ["State", (row) => html`<${Badge} state=${row.state} />${row.pause && html`<br /><span class="quiet"><${Name} of=${row.pause.reason} /></span>`}`],
      ["Latest runs", (row) => html`<${Strip} job=${row} />`, "runs"],
      ["Last run", (row) => html`<${Last} run=${row.latest} />`, "time"],
      ["Next run", (row) => (row.nextRun ? html`<${Time} at=${row.nextRun} relative />` : html`<span class="quiet">${row.pause ? "none while paused" : "none"}</span>`), "time"],
      ["Usual time", (row) => spell(row.averageSeconds), "number wide"],
      ["", (row) => html`<${Menu} label=${`Actions for ${row.name}`} items=${jobActions(row, (what) => setOpen([what, row.name]), reload)} />`],
    ]} /></div>
    ${job && html`<${JobDialogs} open=${open[0]} job=${job} close=${() => setOpen(undefined)} reload=${reload} />`}</section>`;
}

// A run that has failed and is attempted again says when.
function Last({ run }) {
  if (!run) return html`<span class="quiet">never</span>`;
  return html`<a href=${runLink(run)}><${Time} at=${run.startedAt} relative /></a>
    ${run.status !== "SUCCEEDED" && html`<br /><span class="quiet">${words(run.status)}${run.nextAttemptAt && html`, next attempt <${Time} at=${run.nextAttemptAt} relative />`}</span>`}`;
}
