// The form for a schedule. While somebody types, it shows when the job would run next, in the schedule's zone and the viewer's.
import { ask, useChange } from "./api.js";
import { Form, isCount, withValuesNow } from "./form.js";
import { html, useEffect, useState } from "./html.js";
import { LOCAL_ZONE, zone } from "./preferences.js";
import { fromField, parts, toField, when } from "./times.js";

const PREVIEW = `query Preview($crontab: String!, $timeZone: String!) { previewSchedule(crontab: $crontab, timeZone: $timeZone, count: 5) { words firings { utc } } }`;
const CREATE = `mutation CreateSchedule($input: CreateScheduleInput!) { createSchedule(input: $input) { schedule { words } } }`;
const UPDATE = `mutation UpdateSchedule($id: ID!, $input: UpdateScheduleInput!, $expectedUpdatedAt: DateTime) { updateSchedule(id: $id, input: $input, expectedUpdatedAt: $expectedUpdatedAt) { schedule { words } } }`;
const NOW = `query ScheduleNow($job: String!) {
  schedules(job: $job) { id crontab at timeZone arguments { name value } startsAt endsAt spread startLimit runLimit catchUpWindow pauseAfter note updatedAt }
}`;
const WAIT = 300; // milliseconds after the last key
const ZONES = Intl.supportedValuesOf?.("timeZone") ?? [];
const LIMITS = [
  ["spread", "Spread, in minutes", "Runs start up to this many minutes later, so that not everything starts at once."],
  ["startLimit", "Start limit, in minutes", "A run that has not started by then is late."], ["runLimit", "Run limit, in minutes", "A run that takes longer is slow."],
  ["catchUpWindow", "Catch-up window, in minutes", "Older missed runs are not caught up."], ["pauseAfter", "Pause after this many failed runs", "The schedule then pauses itself, and says so."],
];
const NUMBERS = LIMITS.map(([name]) => name);
const TIMES = ["at", "startsAt", "endsAt"];
const ARGUMENT = "argument-";

function fieldsOf(once, taken) {
  const due = once ? [{ name: "at", label: `Once, at this time (${zone()})`, type: "datetime-local" }]
    : [{ name: "crontab", label: "Crontab", hint: "Minute, hour, day, month, weekday, such as 0 17 * * FRI. Or @daily, @weekly, @monthly." }, { name: "timeZone", label: "Time zone", list: ZONES, hint: "Such as Europe/Berlin", below: ({ crontab, timeZone }) => html`<${Preview} crontab=${crontab.trim()} timeZone=${timeZone.trim() || "UTC"} />` }];
  return [
    ...due,
    ...taken.map(({ name, help, default: usual }) => ({ name: ARGUMENT + name, label: name, hint: `${help}${usual == null ? "" : ` Empty: ${usual}.`}` })),
    { name: "note", label: "Note", hint: "Why this schedule exists" },
    ...(once ? [] : [{ name: "startsAt", label: `Not before (${zone()})`, type: "datetime-local", more: true }, { name: "endsAt", label: `Not after (${zone()})`, type: "datetime-local", more: true }]),
    ...LIMITS.map(([name, label, hint]) => ({ name, label, hint, inputmode: "numeric", check: isCount, more: true })),
  ];
}

function valuesOf(schedule) {
  const given = Object.fromEntries(schedule.arguments.map(({ name, value }) => [ARGUMENT + name, value]));
  const times = Object.fromEntries(TIMES.map((name) => [name, toField(schedule[name])]));
  return { ...schedule, ...given, ...times, spread: schedule.spread || "" };
}

// Return the input of the API: of what has changed, and of the arguments all if one has.
function input(changed, all) {
  const found = {};
  for (const [name, text] of Object.entries(changed)) {
    if (NUMBERS.includes(name)) found[name] = text.trim() ? Number(text) : null;
    else if (TIMES.includes(name)) found[name] = fromField(text);
    else if (!name.startsWith(ARGUMENT)) found[name] = text.trim() || null;
  }
  if (Object.keys(changed).some((name) => name.startsWith(ARGUMENT))) {
    const given = Object.entries({ ...all, ...changed }).filter(([name, text]) => name.startsWith(ARGUMENT) && String(text ?? "").trim());
    found.arguments = given.map(([name, value]) => ({ name: name.slice(ARGUMENT.length), value: String(value).trim() }));
  }
  return found;
}

export function ScheduleForm({ schedule, jobs, done, close }) {
  const [job, setJob] = useState(schedule?.job ?? jobs[0].name);
  const [once, setOnce] = useState(Boolean(schedule?.at));
  const create = useChange(CREATE);
  const update = useChange(UPDATE);
  const values = schedule ? valuesOf(schedule) : { timeZone: zone() };
  const add = async (typed) => {
    const { createSchedule } = await create({ input: { job, ...(once ? {} : { timeZone: values.timeZone }), ...input(typed, {}) } });
    await done(`Schedule created: ${createSchedule.schedule.words}`);
  };
  const valuesNow = async () => {
    const now = (await ask(NOW, { job })).schedules.find(({ id }) => id === schedule.id);
    return now && valuesOf(now);
  };
  const save = async (changed, expectedUpdatedAt) => {
    if (Object.keys(changed).length) await withValuesNow(update({ id: schedule.id, input: input(changed, values), expectedUpdatedAt }), valuesNow);
    await done("Saved");
  };
  const label = schedule ? `Schedule of ${job}` : "New schedule";
  return html`<section class="card" aria-label=${label}>
    ${!schedule && html`<div class="field"><label for="job">Job</label>
      <select id="job" value=${job} onChange=${(event) => setJob(event.target.value)}>${jobs.map(({ name }) => html`<option value=${name}>${name}</option>`)}</select>
      <label for="once">When</label>
      <select id="once" value=${once ? "once" : ""} onChange=${(event) => setOnce(event.target.value === "once")}><option value="">again and again</option><option value="once">once</option></select></div>`}
    <${Form} key=${`${job} ${once}`} label=${label} fields=${fieldsOf(once, jobs.find(({ name }) => name === job).arguments)} values=${values} save=${schedule ? save : add} cancel=${close} submit=${schedule ? "Save" : "Create"} /></section>`;
}

function Preview({ crontab, timeZone }) {
  const [found, setFound] = useState();
  useEffect(() => {
    let current = true;
    if (!crontab) { setFound(undefined); return undefined; }
    const timer = setTimeout(async () => {
      const answer = await ask(PREVIEW, { crontab, timeZone }).then(({ previewSchedule }) => ({ ...previewSchedule, timeZone }), ({ message }) => ({ message }));
      if (current) setFound(answer);
    }, WAIT);
    return () => { current = false; clearTimeout(timer); };
  }, [crontab, timeZone]);
  if (!found) return html`<div role="status" class="quiet">The next runs are shown here while you type a crontab.</div>`;
  if (found.message) return html`<div role="status" class="wrong">${found.message}</div>`;
  const zones = [...new Set([found.timeZone, LOCAL_ZONE, zone()])];
  return html`<div role="status"><p><strong>${found.words}</strong></p></div>
    <table class="firings"><caption>The next runs</caption><thead><tr>${zones.map((name) => html`<th scope="col" key=${name}>${name}${name === LOCAL_ZONE ? " (here)" : ""}</th>`)}</tr></thead>
      <tbody>${found.firings.map(({ utc }) => html`<tr key=${utc}>${zones.map((name) => html`<td key=${name} data-title=${name}><time datetime=${utc}>${parts(utc, name).weekday.slice(0, 3)} ${when(utc, { timeZone: name })}</time></td>`)}</tr>`)}</tbody></table>`;
}
