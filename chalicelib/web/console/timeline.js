// The day across all jobs: what ran in the last 24 hours, and what is due in the next 24.
import { html } from "./html.js";
import { words } from "./parts.js";
import { address } from "./route.js";
import { parts, when } from "./times.js";

const HOUR = 3_600_000;
const HOURS = 49; // the current one, and 24 on each side
const EVERY = 6; // hours between labels
const ROOM = 5; // columns that a label needs on a phone

const hourOf = (moment) => Math.floor(moment / HOUR) * HOUR;
const utc = (moment) => new Date(moment).toISOString().slice(0, 16);

export function Timeline({ jobs, past, coming, now }) {
  const first = hourOf(now) - 24 * HOUR;
  const column = (hour) => Math.round((new Date(hour) - first) / HOUR) + 1;
  const isShown = ({ hour }) => column(hour) >= 1 && column(hour) <= HOURS;
  return html`<section aria-labelledby="timeline"><h2 id="timeline">The day</h2>
    <div class="timeline">
      <${Axis} first=${first} />
      ${jobs.map(({ name }) => html`<div class="lane" key=${name}><a href=${address(["jobs", name])}>${name}</a>
        <ol aria-label=${`${name}, the last 24 hours and the next 24`}>
          ${past.filter((each) => each.job === name && isShown(each)).map((each) => html`<${Past} key=${each.hour} of=${each} column=${column(each.hour)} />`)}
          ${coming.filter((each) => each.job === name && isShown(each)).map((each) => html`<${Coming} key=${`due ${each.hour}`} of=${each} column=${column(each.hour)} />`)}
        </ol></div>`)}
    </div>
    <p class="quiet legend" aria-hidden="true"><span class="cell SUCCEEDED" /> succeeded <span class="cell FAILED" /> failed <span class="cell MISSED" /> missed
      <span class="cell RUNNING" /> running or waiting <span class="cell SKIPPED" /> skipped or cancelled <span class="cell due" /> due. The line is now.</p></section>`;
}

function Past({ of: { job, hour, status, counts }, column }) {
  const text = `${when(hour)}: ${counts.map((each) => `${each.count} ${words(each.status)}`).join(", ")}`;
  const to = new Date(hour).getTime() + HOUR - 1000;
  return html`<li style=${{ gridColumnStart: column }}><a tabindex="-1" class="cell ${status}" title=${text} href=${address(["runs"], { job, from: utc(new Date(hour)), to: utc(to) })}>
    <span class="hidden">${text}</span></a></li>`;
}

const Coming = ({ of: { due }, column }) => html`<li style=${{ gridColumnStart: column }}><span class="cell due" title=${`${when(due)}: due`}>
  <span class="hidden">${when(due)}: due</span></span></li>`;

// Labels at whole hours of the zone in which times are shown. One at the end would be wider than the page.
function Axis({ first }) {
  const hours = Array.from({ length: HOURS }, (_, index) => first + index * HOUR);
  const labelled = hours.map((at, index) => [index + 1, parts(at)]).filter(([, { hour }]) => hour % EVERY === 0).filter(([column]) => column + ROOM <= HOURS + 1);
  return html`<div class="lane axis" aria-hidden="true"><span></span><ol>${labelled.map(([column, { hour, minute }]) => html`
    <li key=${column} style=${{ gridColumnStart: column }}>${hour}:${minute}</li>`)}</ol></div>`;
}
