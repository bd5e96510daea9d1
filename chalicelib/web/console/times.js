// Times as all pages show them: in UTC or in the viewer's zone, whichever is chosen in the header, and always with its name.
import { html, useEffect, useState } from "./html.js";
import { LOCAL_ZONE, zone } from "./preferences.js";

const PARTS = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", weekday: "long", hourCycle: "h23", timeZoneName: "short" };
const formats = new Map();

// The parts of an instant in a zone. English, whatever the browser's language, like the words around them.
export function parts(at, timeZone = zone()) {
  if (!formats.has(timeZone)) formats.set(timeZone, new Intl.DateTimeFormat("en-GB", { ...PARTS, timeZone }));
  return Object.fromEntries(formats.get(timeZone).formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
}

// "27 Nov, 08:00 UTC", with the year if it is another one; with seconds where they matter.
export function when(at, { timeZone = zone(), seconds = false } = {}) {
  const { day, month, year, hour, minute, second, timeZoneName } = parts(at, timeZone);
  const ofYear = year === parts(Date.now(), timeZone).year ? "" : ` ${year}`;
  return `${day} ${month}${ofYear}, ${hour}:${minute}${seconds ? `:${second}` : ""} ${timeZoneName}`;
}

export function spell(seconds) {
  if (seconds == null) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

// "3 min ago", "in 2 h".
export function fromNow(at, now = Date.now()) {
  const seconds = Math.round((new Date(at) - now) / 1000);
  if (Math.abs(seconds) < 1) return "now";
  const whole = Math.abs(seconds) < 10 ? `${Math.abs(seconds)} s` : spell(Math.abs(seconds));
  return seconds > 0 ? `in ${whole}` : `${whole} ago`;
}

function useClock(isOn) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = setInterval(() => document.hidden || setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isOn]);
  return now;
}

// The one way to show a time. Pointing at it shows the other zone. `relative` says first how long ago it was, or until then.
export function Time({ at, relative = false, seconds = false }) {
  const now = useClock(Boolean(relative && at));
  if (!at) return html`<span class="quiet">never</span>`;
  const other = zone() === "UTC" ? LOCAL_ZONE : "UTC";
  const text = when(at, { seconds });
  return html`<time datetime=${at} title=${when(at, { timeZone: other, seconds: true })}>${relative ? `${fromNow(at, now)} (${text})` : text}</time>`;
}

// Fields of the type datetime-local are in the chosen zone. Their label has to name it, as `zone()`: its short name changes with the season.
const onTheWall = (at) => new Date(at).toLocaleString("sv-SE", { timeZone: zone() }).replace(" ", "T"); // 2026-11-27T08:00:00
export const toField = (at) => (at ? onTheWall(at).slice(0, 16) : "");
export function fromField(text) {
  if (!text) return null;
  const wanted = Date.parse(`${text}Z`);
  // The offset of the zone at that time. Around a change of the clocks, the second look is right.
  const offset = (at) => Date.parse(`${onTheWall(at)}Z`) - at;
  return new Date(wanted - offset(wanted - offset(wanted))).toISOString();
}
