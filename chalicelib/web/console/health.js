// Whether the API was up, hour by hour.
import { useQuery } from "./api.js";
import { html } from "./html.js";
import { Badge, Shown } from "./parts.js";
import { parts, spell, when } from "./times.js";

const HEALTH = `query Health { health { database queue } uptime(days: 7) { hour up down missing averageMs } }`;

const state = ({ up, down }) => (down ? "down" : up ? "up" : "unknown");

export function Health() {
  const asked = useQuery(HEALTH, {}, 60);
  return html`<h1>Health</h1>
    <${Shown} of=${asked}>${({ health, uptime }) => html`
      <p class="row">Database <${Badge} state=${health.database} /> Queue <${Badge} state=${health.queue} /></p>
      <h2>The last 7 days, by the hour (${parts(Date.now()).timeZoneName})</h2>
      <${Summary} hours=${uptime} />
      <div class="week">${days(uptime).map(([day, hours]) => html`<${Day} key=${day} day=${day} hours=${hours} />`)}</div>`}<//>`;
}

function Summary({ hours }) {
  const up = hours.reduce((sum, hour) => sum + hour.up, 0);
  const down = hours.reduce((sum, hour) => sum + hour.down, 0);
  const missing = hours.reduce((sum, hour) => sum + hour.missing, 0);
  const slow = hours.filter(({ averageMs }) => averageMs != null);
  const average = slow.length ? slow.reduce((sum, { averageMs }) => sum + averageMs, 0) / slow.length : null;
  if (!up && !down) return html`<p class="empty">No heartbeat yet. The first one runs within five minutes.</p>`;
  return html`<p><strong>${((up / (up + down)) * 100).toFixed(2)} %</strong> of ${up + down} checks succeeded, in ${spell(average == null ? null : average / 1000)} on average.
    ${missing ? ` ${missing} checks did not run.` : ""}</p>`;
}

// Group by day, in the zone in which times are shown.
function days(hours) {
  const found = new Map();
  for (const hour of hours) {
    const { weekday, day: number, month } = parts(hour.hour);
    const day = `${weekday}, ${number} ${month}`;
    found.set(day, [...(found.get(day) ?? []), hour]);
  }
  return [...found].reverse();
}

function latency(hours) {
  const known = hours.filter(({ averageMs }) => averageMs != null);
  return known.length ? `${Math.round(known.reduce((sum, { averageMs }) => sum + averageMs, 0) / known.length)} ms` : "–";
}

const Day = ({ day, hours }) => html`
  <div class="day"><span>${day}</span><span class="quiet number">${latency(hours)}</span>
    <ol class="strip" aria-label=${day}>${hours.map((hour) => {
      const text = `${when(hour.hour)}: ${hour.up} up, ${hour.down} down, ${hour.missing} missing${hour.averageMs == null ? "" : `, ${hour.averageMs} ms`}`;
      return html`<li key=${hour.hour} style=${{ gridColumnStart: Number(parts(hour.hour).hour) + 1 }}><span class="cell ${state(hour)}" title=${text}><span class="hidden">${text}</span></span></li>`;
    })}</ol></div>`;
