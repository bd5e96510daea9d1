// All runs of all jobs in one list, with filters in the address, and what operators do with several of them.
import { html } from "./html.js";
import { List } from "./list.js";
import { Badge, Name, counted, progress, runLink, words } from "./parts.js";
import { RunActions } from "./run_actions.js";
import { may } from "./session.js";
import { useStatus } from "./status.js";
import { Time, spell, when } from "./times.js";

const RUNS = `query Runs($job: String, $schedule: ID, $status: RunStatus, $trigger: RunTrigger, $actor: String, $from: DateTime, $to: DateTime, $text: String, $first: Int, $last: Int, $before: String, $after: String) {
  runs(job: $job, schedule: $schedule, status: $status, trigger: $trigger, actor: $actor, from: $from, to: $to, text: $text, first: $first, last: $last, before: $before, after: $after) {
    edges { node { id job slot schedule status trigger actor attempts nextAttemptAt startedAt durationSeconds reason error pages counts { name value } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const STATUSES = ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "SKIPPED", "MISSED", "CANCELLED"];
export const TRIGGERS = { SCHEDULE: "its schedule", CATCH_UP: "the watchdog, which catches up on missed runs", OPERATOR: "an operator", BACKFILL: "a backfill" };
const SHORT = { SCHEDULE: "schedule", CATCH_UP: "caught up", OPERATOR: "operator", BACKFILL: "backfill" };
const SECONDS = 10;

const connection = ({ runs }) => runs;
const fromUtc = (text) => (/Z$/.test(text) ? text : `${text}${text.length === 16 ? ":00" : ""}Z`);
const named = (names, chosen) => [...new Set([...names, chosen].filter(Boolean))].map((name) => [name, name]);

const filtersOf = (jobs, chosen) => [
  { name: "job", label: "Job", options: named(jobs, chosen) },
  { name: "status", label: "Status", options: STATUSES.map((name) => [name, words(name)]) },
  { name: "trigger", label: "Started by", options: Object.entries(SHORT) },
  { name: "actor", label: "Operator" },
  { name: "from", label: "From (UTC)", type: "datetime-local", convert: fromUtc },
  { name: "to", label: "Up to (UTC)", type: "datetime-local", convert: fromUtc },
  { name: "text", label: "Text in error or log" },
  { name: "schedule", label: "Schedule" },
];

const columns = [
  ["Due", (run) => html`<a href=${runLink(run)}><${Time} at=${run.slot} /></a>`],
  ["Job", (run) => run.job],
  ["Status", (run) => html`<${Badge} state=${run.status} />`],
  ["Started by", (run) => html`${SHORT[run.trigger]}${run.actor && html` (<${Name} of=${run.actor} />)`}`, "wide"],
  ["Duration", (run) => spell(run.durationSeconds), "number wide"],
  ["Attempts", (run) => run.attempts, "number wide"],
  ["Result", (run) => html`${run.nextAttemptAt && html`Next attempt: <${Time} at=${run.nextAttemptAt} relative />. `}<span class="text"><${Name} of=${run.error ?? run.reason ?? (run.status === "RUNNING" ? progress(run) : counted(run.counts))} /></span>`],
];
const csv = [["Job", ({ job }) => job], ["Slot", ({ slot }) => slot], ["Schedule", ({ schedule }) => schedule], ["Status", ({ status }) => status], ["Trigger", ({ trigger }) => trigger], ["Actor", ({ actor }) => actor ?? ""],
  ["Seconds", ({ durationSeconds }) => durationSeconds ?? ""], ["Attempts", ({ attempts }) => attempts], ["Error", ({ error }) => error ?? ""], ["Reason", ({ reason }) => reason ?? ""], ["Counts", ({ counts }) => counted(counts)]];
const pick = { isOn: () => may("OPERATOR"), name: (run) => `${run.job}, ${when(run.slot)}`, Actions: RunActions };

export function Runs({ query }) {
  const jobs = useStatus()?.jobs.map(({ name }) => name) ?? [];
  return html`<h1>${query.job ? `Runs of ${query.job}` : "Runs"}</h1>
    <${List} caption="Runs" path=${["runs"]} route=${query} query=${RUNS} connection=${connection} filters=${filtersOf(jobs, query.job)} columns=${columns} csv=${csv} pick=${pick} seconds=${SECONDS}
      empty="No run matches these filters." none="No job has run yet. Start one on the overview." />`;
}
