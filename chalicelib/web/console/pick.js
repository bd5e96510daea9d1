// Rows that somebody has picked in a table, to do the same with all of them.
import { html, useState } from "./html.js";

// Return {picked, toggle, clear}: `picked` are ids.
export function usePicked() {
  const [picked, setPicked] = useState([]);
  return {
    picked,
    toggle: (id) => setPicked((before) => (before.includes(id) ? before.filter((each) => each !== id) : [...before, id])),
    clear: () => setPicked([]),
    all: (ids) => setPicked(ids),
  };
}

// The first column of the table. `name(row)` says to screen readers which row it is.
export const pickColumn = ({ picked, toggle }, name) => [
  "", (row) => html`<label class="pick"><input type="checkbox" aria-label=${`Select ${name(row)}`} checked=${picked.includes(row.id)} onChange=${() => toggle(row.id)} /></label>`, "picks"];

export function PickAll({ of: { picked, all, clear }, rows }) {
  const every = rows.length > 0 && rows.every(({ id }) => picked.includes(id));
  return html`<label class="choice"><input type="checkbox" checked=${every} onChange=${() => (every ? clear() : all(rows.map(({ id }) => id)))} /> All on this page</label>`;
}
