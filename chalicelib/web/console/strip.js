// The latest runs of a job at one look: their results as cells, and how long they took as a line.
import { html } from "./html.js";
import { runLink, words } from "./parts.js";
import { spell, when } from "./times.js";

// Newest at the right. The cells are links for the mouse, and text for screen readers. The keyboard does not stop at each of
// them: the list of runs has the same ones.
export function Strip({ job }) {
  if (job.recent.length === 0) return html`<p class="empty">No runs yet</p>`;
  return html`<ol class="strip" aria-label=${`Latest runs of ${job.name}, oldest first`}>
    ${[...job.recent].reverse().map((run) => html`
      <li key=${run.id}><a tabindex="-1" class="cell ${run.status}" href=${runLink(run)} title=${`${when(run.slot)}: ${words(run.status)}${run.reason ? `, ${run.reason}` : ""}`}>
        <span class="hidden">${when(run.slot)}, ${words(run.status)}</span></a></li>`)}
  </ol>`;
}

export function Trend({ runs }) {
  const seconds = [...runs].reverse().map(({ durationSeconds }) => durationSeconds).filter((value) => value != null);
  if (seconds.length < 2) return "–";
  const most = Math.max(...seconds) || 1;
  const points = seconds.map((value, index) => `${(index / (seconds.length - 1)) * 100},${22 - (value / most) * 20}`).join(" ");
  return html`<svg class="trend" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=${`From ${spell(seconds[0])} to ${spell(seconds.at(-1))}, at most ${spell(most)}`}>
    <polyline points=${points} /></svg> <span class="quiet">at most ${spell(most)}</span>`;
}
