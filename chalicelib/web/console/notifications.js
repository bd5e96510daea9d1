// Who hears of what: the channels of notifications, each with how its latest deliveries went, and a test.
import { useChange, useQuery } from "./api.js";
import { ChannelForm } from "./channel_form.js";
import { Confirm } from "./confirm.js";
import { html, useEffect, useState } from "./html.js";
import { OnlyOperatorsChange, isOperator } from "./operators_only.js";
import { Action, Badge, Name, Shown, Table, isolated, notify, words } from "./parts.js";
import { Time } from "./times.js";

const CHANNELS = `query Channels {
  notificationChannels { id name kind events jobs target enabled lastDeliveredAt lastFailedAt lastError updatedBy updatedAt }
  jobs { name }
}`;
const TEST = `mutation SendTest($id: ID!) { sendTestNotification(id: $id) { channel { lastDeliveredAt lastFailedAt } } }`;
const ENABLE = `mutation EnableChannel($id: ID!, $enabled: Boolean!) { updateNotificationChannel(id: $id, input: { enabled: $enabled }) { channel { id } } }`;
const REMOVE = `mutation RemoveChannel($id: ID!) { deleteNotificationChannel(id: $id) { id } }`;
const ASK_AGAIN = 1.5; // seconds, while a test is on its way
const PATIENCE = 60_000; // milliseconds

export function Notifications() {
  const [open, setOpen] = useState();
  const [test, setTest] = useState();
  const asked = useQuery(CHANNELS, {}, test && !test.result ? ASK_AGAIN : 0);
  const channels = asked.data?.notificationChannels;
  const result = test && !test.result && outcome(test, channels);
  useEffect(() => { if (result) setTest({ ...test, result }); }, [Boolean(result)]);
  const close = () => setOpen(undefined);
  const done = async (text) => { notify(text); close(); await asked.reload(); };
  return html`<div class="row heading"><h1>Notifications</h1>${isOperator() && html`<button class="main" onClick=${() => setOpen({ what: "new" })}>New channel</button>`}</div>
    <p class="quiet">A channel says who hears of problems, recoveries, successful runs and the weekly digest, and how.</p>
    <${OnlyOperatorsChange} what="the channels" />
    <${Shown} of=${asked}>${({ jobs }) => html`
      ${open?.what === "new" && html`<${ChannelForm} jobs=${jobs} done=${done} close=${close} />`}
      ${open?.what === "edit" && html`<${ChannelForm} key=${open.row.id} channel=${open.row} jobs=${jobs} done=${done} close=${close} />`}
      ${test && html`<${Test} of=${test} />`}
      <${Table} caption="Channels" rows=${channels} columns=${columns(setOpen, setTest, asked.reload)}
        empty="No channel yet. Until there is one, the SNS topic of the stage hears of every problem and recovery." />`}<//>
    ${open?.what === "remove" && html`<${Remove} row=${open.row} done=${done} close=${close} />`}`;
}

// What has become of a test: the channel has a delivery, or a failure, that it did not have before.
function outcome({ before, began }, channels) {
  const now = channels?.find(({ id }) => id === before.id);
  if (now && now.lastDeliveredAt !== before.lastDeliveredAt) return { text: "It was delivered.", kind: "good" };
  if (now && now.lastFailedAt !== before.lastFailedAt) return { text: `It was not delivered: ${now.lastError}. Delivery is retried for a while.`, kind: "bad" };
  return Date.now() - began > PATIENCE && { text: "There is no result after a minute. Is the queue working?", kind: "bad" };
}

const Test = ({ of: { before, result } }) => html`<p class="note ${result?.kind ?? ""}" role="status">Test of <${Name} of=${before.name} />: ${result ? result.text : "on its way …"}</p>`;

function columns(setOpen, setTest, reload) {
  const all = [
    ["Name", (row) => html`<${Name} of=${row.name} />`],
    ["To", (row) => html`${words(row.kind)}: <bdi>${row.target}</bdi>`],
    ["Hears of", (row) => html`${row.events.map(words).join(", ")}${row.jobs.length > 0 && html` <span class="quiet">of ${row.jobs.join(", ")}</span>`}`],
    ["Last delivered", (row) => html`<${Time} at=${row.lastDeliveredAt} />`],
    ["Last failed", (row) => row.lastFailedAt ? html`<${Time} at=${row.lastFailedAt} /><br /><span class="wrong"><bdi>${row.lastError}</bdi></span>` : html`<${Time} />`],
    ["State", (row) => html`<${Badge} state=${row.enabled ? "ENABLED" : "DISABLED"} />`],
  ];
  return isOperator() ? [...all, ["", (row) => html`<${Buttons} row=${row} setOpen=${setOpen} setTest=${setTest} reload=${reload} />`]] : all;
}

function Buttons({ row, setOpen, setTest, reload }) {
  const sendTest = useChange(TEST);
  const enable = useChange(ENABLE);
  const send = async () => {
    const { sendTestNotification: { channel } } = await sendTest({ id: row.id });
    setTest({ before: { ...row, ...channel }, began: Date.now() });
  };
  const toggle = async () => {
    await enable({ id: row.id, enabled: !row.enabled });
    await reload();
  };
  return html`<span class="row">
    <${Action} act=${send} label="Send a test" name=${`Send a test to ${row.name}`} />
    <button onClick=${() => setOpen({ what: "edit", row })} aria-label=${`Edit ${row.name}`}>Edit</button>
    <${Action} act=${toggle} label=${row.enabled ? "Disable" : "Enable"} name=${`${row.enabled ? "Disable" : "Enable"} ${row.name}`} />
    <button onClick=${() => setOpen({ what: "remove", row })} aria-label=${`Remove ${row.name}`}>Remove</button></span>`;
}

function Remove({ row, done, close }) {
  const removeChannel = useChange(REMOVE);
  const remove = async () => {
    await removeChannel({ id: row.id });
    await done(`${isolated(row.name)} removed`);
  };
  return html`<${Confirm} title=${`Remove ${isolated(row.name)}?`} label="Remove it" act=${remove} close=${close}>
    <p>It gets no more notifications. Those that are on their way to it are not delivered.</p><//>`;
}
