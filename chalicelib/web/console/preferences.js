// What this browser remembers: the zone in which times are shown, and the theme. Other tabs follow at once.
import { html, useEffect, useState } from "./html.js";
import { timeZone } from "./session.js";

const ZONE = "crm-zone";
const THEME = "crm-theme"; // theme.js reads it, too
export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

// As the name of a zone, for Intl. Unless another one is chosen, it is the zone whose days the CRM counts: UTC, or what is set.
const usual = () => timeZone() || "UTC";
export const zone = () => ({ local: LOCAL_ZONE, UTC: "UTC" })[localStorage.getItem(ZONE)] ?? usual();

function choose(name, value) {
  if (value) localStorage.setItem(name, value);
  else localStorage.removeItem(name);
  window.dispatchEvent(new Event("preferences"));
}

function useEvents(...names) {
  const [, set] = useState();
  useEffect(() => {
    const draw = () => set({});
    names.forEach((name) => window.addEventListener(name, draw));
    return () => names.forEach((name) => window.removeEventListener(name, draw));
  }, []);
}

// Draw again when the zone changes.
export const usePreferences = () => useEvents("preferences", "storage");

export function Preferences() {
  usePreferences();
  const short = new Intl.DateTimeFormat("en-GB", { timeZone: LOCAL_ZONE, timeZoneName: "short" }).formatToParts().find(({ type }) => type === "timeZoneName").value;
  const zones = [["", usual()], ...(usual() === "UTC" ? [] : [["UTC", "UTC"]]), ["local", `Local (${short})`]];
  return html`<div class="preferences">
    <${Choice} name=${ZONE} label="Times" options=${zones} />
    <${Choice} name=${THEME} label="Theme" options=${[["", "System"], ["light", "Light"], ["dark", "Dark"]]} /></div>`;
}

const Choice = ({ name, label, options }) => html`<label>${label}
  <select value=${localStorage.getItem(name) ?? ""} onChange=${(event) => choose(name, event.target.value)}>
    ${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>`;
