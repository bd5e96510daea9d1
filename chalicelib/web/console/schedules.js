// The schedules of all jobs: each job's own one, and those that operators have added.
import { useChange, useQuery } from "./api.js";
import { Confirm } from "./confirm.js";
import { html, useState } from "./html.js";
import { OnlyOperatorsChange, isOperator } from "./operators_only.js";
import { Action, Badge, Shown, Table, notify } from "./parts.js";
import { ScheduleForm } from "./schedule_form.js";
import { Time } from "./times.js";

const SCHEDULES = `query Schedules {
  schedules {
    id job crontab at timeZone words arguments { name value } startsAt endsAt spread startLimit runLimit catchUpWindow pauseAfter
    enabled paused note builtIn updatedAt updatedBy createdBy nextRuns(count: 1)
  }
  jobs { name arguments { name help default minimum maximum } }
}`;
const ENABLE = `mutation EnableSchedule($id: ID!, $enabled: Boolean!) { updateSchedule(id: $id, input: { enabled: $enabled }) { schedule { id } } }`;
const REMOVE = `mutation RemoveSchedule($id: ID!) { deleteSchedule(id: $id) { id } }`;
const RESET = `mutation ResetSchedule($job: String!) { resetSchedule(job: $job) { schedule { words } } }`;
const FIXED = "heartbeat"; // the watchdog runs with it

const nameOf = (row) => `${row.words} of ${row.job}`;

export function Schedules() {
  const [open, setOpen] = useState();
  const asked = useQuery(SCHEDULES, {}, 60);
  const close = () => setOpen(undefined);
  const done = async (text) => { notify(text); close(); await asked.reload(); };
  return html`<div class="row heading"><h1>Schedules</h1>${isOperator() && html`<button class="main" onClick=${() => setOpen({ what: "new" })}>New schedule</button>`}</div>
    <p class="quiet">Each job has a schedule of its own. Others run it at other times, or with other arguments.</p>
    <${OnlyOperatorsChange} what="schedules" />
    <${Shown} of=${asked}>${({ schedules, jobs }) => html`
      ${open?.what === "new" && html`<${ScheduleForm} jobs=${jobs.filter(({ name }) => name !== FIXED)} done=${done} close=${close} />`}
      ${open?.what === "edit" && html`<${ScheduleForm} key=${open.row.id} schedule=${open.row} jobs=${jobs} done=${done} close=${close} />`}
      <${Table} caption="Schedules" rows=${schedules} columns=${columns(setOpen, asked.reload)} empty="There are no jobs." />`}<//>
    ${open?.what === "remove" && html`<${Remove} row=${open.row} done=${done} close=${close} />`}
    ${open?.what === "reset" && html`<${Reset} row=${open.row} done=${done} close=${close} />`}`;
}

const UNITS = { spread: "starts up to N minutes later", startLimit: "must start within N minutes", runLimit: "may take N minutes", catchUpWindow: "catches up N minutes", pauseAfter: "pauses itself after N failed runs" };

function Remarks({ of: row }) {
  const limits = Object.entries(UNITS).filter(([name]) => row[name]).map(([name, text]) => text.replace("N", row[name]));
  return html`${row.arguments.length > 0 && html`<div>${row.arguments.map(({ name, value }) => html`<code key=${name}>${name}=${value}</code> `)}</div>`}
    ${row.note && html`<div><bdi>${row.note}</bdi></div>`}
    ${row.startsAt && html`<div>from <${Time} at=${row.startsAt} /></div>`}${row.endsAt && html`<div>until <${Time} at=${row.endsAt} /></div>`}
    ${limits.length > 0 && html`<div class="quiet">${limits.join(", ")}</div>`}
    ${row.updatedBy && html`<div class="quiet">changed by <bdi>${row.updatedBy}</bdi>, <${Time} at=${row.updatedAt} /></div>`}
    ${row.paused && html`<div class="wrong">${row.paused}</div>`}`;
}

function columns(setOpen, reload) {
  const all = [
    ["Job", (row) => html`<a href="#/jobs/${row.job}">${row.job}</a>`],
    ["When", (row) => html`<span title=${row.crontab}>${row.at ? html`Once, at <${Time} at=${row.at} />` : row.words}</span>`],
    ["Next run", (row) => !row.enabled ? "none while paused" : row.nextRuns.length ? html`<${Time} at=${row.nextRuns[0]} relative />` : "none"],
    ["State", (row) => html`<${Badge} state=${row.enabled ? "ENABLED" : "PAUSED"} />`],
    ["Remarks", (row) => html`<${Remarks} of=${row} />`],
  ];
  return isOperator() ? [...all, ["", (row) => row.job !== FIXED ? html`<${Buttons} row=${row} setOpen=${setOpen} reload=${reload} />` : html`<span class="quiet">fixed, because the watchdog runs with it</span>`]] : all;
}

function Buttons({ row, setOpen, reload }) {
  const enable = useChange(ENABLE);
  const toggle = async () => {
    await enable({ id: row.id, enabled: !row.enabled });
    notify(row.enabled ? "Paused" : "Resumed");
    await reload();
  };
  const button = (what, label) => html`<button onClick=${() => setOpen({ what, row })} aria-label=${`${label} ${nameOf(row)}`}>${label}</button>`;
  return html`<span class="row">${button("edit", "Edit")}
    <${Action} act=${toggle} label=${row.enabled ? "Pause" : "Resume"} name=${`${row.enabled ? "Pause" : "Resume"} ${nameOf(row)}`} />
    ${row.builtIn ? row.updatedBy && button("reset", "Reset") : button("remove", "Remove")}</span>`;
}

function Remove({ row, done, close }) {
  const removeSchedule = useChange(REMOVE);
  const remove = async () => {
    await removeSchedule({ id: row.id });
    await done("Schedule removed");
  };
  return html`<${Confirm} title="Remove this schedule?" label="Remove it" act=${remove} close=${close}><p>${nameOf(row)}. Runs that are already waiting still start.</p><//>`;
}

function Reset({ row, done, close }) {
  const resetSchedule = useChange(RESET);
  const reset = async () => {
    const { resetSchedule: { schedule } } = await resetSchedule({ job: row.job });
    await done(`${row.job} runs again as it was made: ${schedule.words}`);
  };
  return html`<${Confirm} title=${`Reset the schedule of ${row.job}?`} label="Reset it" act=${reset} close=${close}><p>The job gets its default schedule back, without your arguments and limits.</p><//>`;
}
