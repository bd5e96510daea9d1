// The form for a channel of notifications. What stands in a URL after the host, and a secret, can be written and not read.
import { ask, useChange } from "./api.js";
import { Form, isFilled, withValuesNow } from "./form.js";
import { html, useState } from "./html.js";

const CREATE = `mutation CreateChannel($input: CreateNotificationChannelInput!) { createNotificationChannel(input: $input) { channel { id } } }`;
const UPDATE = `mutation UpdateChannel($id: ID!, $input: UpdateNotificationChannelInput!, $expectedUpdatedAt: DateTime) { updateNotificationChannel(id: $id, input: $input, expectedUpdatedAt: $expectedUpdatedAt) { channel { id } } }`;
const NOW = `query ChannelsNow { notificationChannels { id name kind events jobs target updatedAt } }`;
const KINDS = { EMAIL: "E-mail", CHAT: "Chat: Slack, Teams or Mattermost", WEBHOOK: "Webhook: a program of yours", TOPIC: "The SNS topic of the stage" };
const EVENTS = [["PROBLEM", "Problems"], ["RECOVERY", "Recoveries"], ["SUCCESS", "Successful runs, of any job but the heartbeat"], ["WEEKLY_DIGEST", "The week's digest, on Mondays at 07:00 UTC"]];

const ERASURE = "erasure"; // None of the listed jobs, because only an operator's request starts it.

function fieldsOf(kind, isNew, jobs) {
  const required = isNew ? isFilled : undefined;
  const kept = isNew ? "" : " Leave it empty to keep the present one.";
  return [
    { name: "name", label: "Name", check: isFilled },
    ...(kind === "EMAIL" ? [{ name: "email", label: "E-mail address", inputmode: "email", check: isFilled }] : []),
    ...(kind === "CHAT" || kind === "WEBHOOK" ? [{ name: "url", label: "URL", type: "password", check: required, hint: `An address with https. It cannot be read again.${kept}` }] : []),
    ...(kind === "WEBHOOK" ? [{ name: "secret", label: "Secret", type: "password", check: required, hint: `With it, your program checks that a message comes from this CRM: 16 to 200 characters. It cannot be read again.${kept}` }] : []),
    { name: "events", label: "Hears of", choices: EVENTS, check: (text) => (text.trim() ? "" : "Choose at least one") },
    { name: "jobs", label: "Only for these jobs", choices: [...jobs.map(({ name }) => name), ERASURE].map((name) => [name, name]), hint: "Choose none to hear of all jobs" },
  ];
}

const valuesOf = ({ kind, name, events, jobs, target, updatedAt }) => ({ updatedAt, name, email: kind === "EMAIL" ? target : "", events: events.join(" "), jobs: jobs.join(" ") });
const listed = (text) => text.split(" ").filter(Boolean);
const input = ({ events, jobs, ...rest }) => ({ ...rest, ...(events !== undefined && { events: listed(events) }), ...(jobs !== undefined && { jobs: listed(jobs) }) });

export function ChannelForm({ channel, jobs, done, close }) {
  const [kind, setKind] = useState(channel?.kind ?? "EMAIL");
  const create = useChange(CREATE);
  const update = useChange(UPDATE);
  const add = async (typed) => {
    await create({ input: { kind, events: ["PROBLEM", "RECOVERY"], ...input(typed) } });
    await done("Channel created. Send a test to see whether it works.");
  };
  const valuesNow = async () => {
    const now = (await ask(NOW)).notificationChannels.find(({ id }) => id === channel.id);
    return now && valuesOf(now);
  };
  const save = async (changed, expectedUpdatedAt) => {
    if (Object.keys(changed).length) await withValuesNow(update({ id: channel.id, input: input(changed), expectedUpdatedAt }), valuesNow);
    await done("Saved");
  };
  const label = channel ? "Channel" : "New channel";
  return html`<section class="card" aria-label=${label}>
    ${!channel && html`<div class="field"><label for="kind">How</label>
      <select id="kind" value=${kind} onChange=${(event) => setKind(event.target.value)}>${Object.entries(KINDS).map(([name, text]) => html`<option value=${name}>${text}</option>`)}</select></div>`}
    <${Form} key=${kind} label=${label} fields=${fieldsOf(kind, !channel, jobs)} values=${channel ? valuesOf(channel) : { events: "PROBLEM RECOVERY" }}
      save=${channel ? save : add} cancel=${close} submit=${channel ? "Save" : "Create"} /></section>`;
}
