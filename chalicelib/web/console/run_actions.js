// What operators do with several runs at once: repeat those that failed or were missed, repeat, cancel or discard those that are picked.
import { ask, useChange } from "./api.js";
import { Bulk } from "./bulk.js";
import { html, useState } from "./html.js";
import { PickAll } from "./pick.js";
import { may } from "./session.js";

const AGAIN = `mutation Again($name: String!, $slot: DateTime!, $schedule: ID) { runJob(name: $name, slot: $slot, schedule: $schedule) { run { status } } }`;
const CANCEL = `mutation Cancel($job: String!, $slot: DateTime!, $schedule: ID, $reason: String!) {
  cancelRun(job: $job, slot: $slot, schedule: $schedule, reason: $reason) { run { status } }
}`;
const DISCARD = `mutation Discard($ids: [ID!]!) { discardDeadLetters(ids: $ids) { discarded left } }`;
const LETTERS = `query Letters { deadLetters { id job slot schedule } }`;
const DRY_RUN = `mutation DryRun($name: String!) { runJob(name: $name, dryRun: true) { preview { summary } } }`;
const LOST = `query Lost($job: String, $schedule: ID, $status: RunStatus, $trigger: RunTrigger, $actor: String, $from: DateTime, $to: DateTime, $text: String, $after: String) {
  runs(job: $job, schedule: $schedule, status: $status, trigger: $trigger, actor: $actor, from: $from, to: $to, text: $text, first: 100, after: $after) {
    edges { node { id job slot schedule status reason error } } pageInfo { hasNextPage endCursor }
  }
}`;
const MAX = 100;
const ENDED_BADLY = ["FAILED", "MISSED"];
const isRepeatable = ({ status, nextAttemptAt }) => ["FAILED", "MISSED", "SKIPPED", "CANCELLED"].includes(status) || Boolean(nextAttemptAt);
const isGoing = ({ status }) => status === "WAITING" || status === "RUNNING";

// All runs that failed or were missed and pass the filters, the oldest of the latest 100 first.
async function findLost(filters) {
  let found = [];
  let more = false;
  for (const status of ENDED_BADLY.filter((each) => !filters.status || filters.status === each)) {
    let pages = 0;
    for (let after = null, next = true; next && pages < MAX && found.length <= 2 * MAX; pages++) {
      const { edges, pageInfo } = (await ask(LOST, { ...filters, status, after })).runs;
      found = [...found, ...edges.map(({ node }) => node)];
      after = pageInfo.endCursor;
      next = pageInfo.hasNextPage;
      more = more || (next && found.length > MAX);
    }
  }
  found.sort((one, other) => (one.slot < other.slot ? -1 : 1));
  return { runs: found.slice(-MAX), note: found.length > MAX || more ? `There are more: these are the latest ${MAX}. Repeat this for the others.` : "" };
}

// What the jobs would do now.
async function previews(runs) {
  const texts = [];
  for (const name of new Set(runs.map(({ job }) => job))) {
    try {
      texts.push(`A run of ${name} now: ${(await ask(DRY_RUN, { name })).runJob.preview.summary}`);
    } catch (error) {
      texts.push(`${name}: ${error.message}`);
    }
  }
  return texts;
}

async function withLetters(runs) {
  const { deadLetters } = await ask(LETTERS);
  const idsOf = (run) => deadLetters.filter(({ job, slot, schedule }) => job === run.job && slot === run.slot && schedule === run.schedule).map(({ id }) => id);
  const found = runs.map((run) => ({ ...run, letters: idsOf(run) })).filter(({ letters }) => letters.length);
  return { runs: found, note: found.length < runs.length ? `${runs.length - found.length} of ${runs.length} have no dead letter.` : "" };
}

export function RunActions({ picks, rows, filters, reload }) {
  const [open, setOpen] = useState();
  const again = useChange(AGAIN);
  const cancel = useChange(CANCEL);
  const discard = useChange(DISCARD);
  if (!may("OPERATOR")) return null;
  const picked = rows.filter(({ id }) => picks.picked.includes(id));
  const close = () => setOpen(undefined);
  const done = async () => {
    picks.clear();
    await reload();
  };
  const repeat = { done: "retried", act: ({ job, slot, schedule }) => again({ name: job, slot, schedule }), preview: previews, text: "Each continues from its last checkpoint. What is already done is not done again." };
  const actions = {
    lost: { ...repeat, title: "Retry all that failed or were missed?", label: "Retry them", find: () => findLost(filters) },
    again: { ...repeat, title: "Retry these runs?", label: "Retry them", find: async () => left(picked, isRepeatable, "cannot be repeated") },
    cancel: { title: "Cancel these runs?", label: "Cancel them", kind: "danger", done: "cancelled", needsReason: true, text: "One that waits ends at once, one in progress after the step that it is taking. What it has done stays.",
      find: async () => left(picked, isGoing, "have ended"), act: ({ job, slot, schedule }, reason) => cancel({ job, slot, schedule, reason }) },
    discard: { title: "Discard the dead letters of these runs?", label: "Discard them", kind: "danger", done: "discarded", text: "Their messages leave the queue for good. The runs stay in the history as they are.",
      find: () => withLetters(picked), act: ({ letters }) => discard({ ids: letters }) },
  };
  const canRetryAll = !filters.status || ENDED_BADLY.includes(filters.status);
  return html`<div class="row actions">
    ${rows.length > 0 && html`<${PickAll} of=${picks} rows=${rows} />`}
    <button disabled=${!picked.some(isRepeatable)} onClick=${() => setOpen("again")}>Retry selected</button>
    <button disabled=${!picked.some(isGoing)} onClick=${() => setOpen("cancel")}>Cancel selected</button>
    <button disabled=${!picked.some(({ status }) => ENDED_BADLY.includes(status))} onClick=${() => setOpen("discard")}>Discard dead letters</button>
    ${canRetryAll && html`<button onClick=${() => setOpen("lost")}>Retry all that failed</button>`}
    ${open && html`<${Bulk} key=${open} ...${actions[open]} close=${close} after=${done} />`}</div>`;
}

function left(picked, passes, why) {
  const runs = picked.filter(passes);
  return { runs, note: runs.length < picked.length ? `${picked.length - runs.length} of ${picked.length} ${why} and stay as they are.` : "" };
}
