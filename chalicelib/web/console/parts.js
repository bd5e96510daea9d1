// What several pages show: times, states, tables, dialogs, messages.
import { html, useEffect, useRef, useState } from "./html.js";

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const utc = (text) => new Date(text).toISOString().slice(0, 19).replace("T", " ") + " UTC";

// In the viewer's zone; UTC when one points at it.
export const Time = ({ at }) =>
  at ? html`<time datetime=${at} title=${utc(at)}>${LOCAL.format(new Date(at))}</time>` : html`<span class="quiet">never</span>`;

export function spell(seconds) {
  if (seconds == null) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function Countdown({ to }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const left = (new Date(to) - now) / 1000;
  return html`<span class="quiet" aria-hidden="true">${left > 0 ? `in ${spell(Math.ceil(left))}` : "any moment"}</span>`;
}

export const words = (state) => state.toLowerCase().replaceAll("_", " ");
export const Badge = ({ state }) => html`<span class="badge ${state}">${words(state)}</span>`;

export function Shown({ of: { data, error, loading, reload }, children }) {
  if (data) {
    return html`${error && html`<${Problem} error=${error} again=${reload} />`}${children(data)}`;
  }
  if (error) return html`<${Problem} error=${error} again=${reload} />`;
  return loading && html`<div class="skeleton" role="status"><span class="hidden">Loading …</span></div>`;
}

export const Problem = ({ error, again }) => html`
  <div class="problem" role="alert">
    <p>${error.message}</p>
    ${again && html`<button onClick=${again}>Try again</button>`}
  </div>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

// `columns` are [title, cell, class]; on a phone each row is a card, labelled by the titles.
export const Table = ({ caption, columns, rows, empty }) =>
  rows.length === 0
    ? html`<${Empty}>${empty}<//>`
    : html`
      <table>
        <caption class="hidden">${caption}</caption>
        <thead><tr>${columns.map(([title, , kind]) => html`<th scope="col" class=${kind}>${title}</th>`)}</tr></thead>
        <tbody>
          ${rows.map((row) => html`
            <tr key=${row.id ?? row.slot ?? row.name}>
              ${columns.map(([title, cell, kind]) => html`<td data-title=${title} class=${kind}>${cell(row)}</td>`)}
            </tr>`)}
        </tbody>
      </table>`;

// A modal dialog: the browser keeps the focus in it and closes it with Escape.
export function Dialog({ title, close, children }) {
  const dialog = useRef();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.focus?.();
  }, []);
  return html`
    <dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${close}>
      <h2 id="dialog-title">${title}</h2>
      ${children}
    </dialog>`;
}

// A button that does something on the server: it says when it is busy, and tells what went wrong.
export function Action({ act, label, kind = "", disabled = false, name }) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await act();
    } catch (error) {
      tell(error.message, "bad");
    } finally {
      setBusy(false);
    }
  };
  return html`<button class=${kind} onClick=${run} disabled=${busy || disabled} aria-label=${name} aria-busy=${busy}>${label}</button>`;
}

export const tell = (text, kind = "good") => window.dispatchEvent(new CustomEvent("tell", { detail: { text, kind } }));

export function Messages() {
  const [messages, setMessages] = useState([]);
  useEffect(() => {
    const hear = ({ detail }) => {
      const message = { ...detail, id: Math.random() };
      setMessages((before) => [...before, message]);
      setTimeout(() => setMessages((before) => before.filter(({ id }) => id !== message.id)), detail.kind === "bad" ? 12000 : 5000);
    };
    window.addEventListener("tell", hear);
    return () => window.removeEventListener("tell", hear);
  }, []);
  return html`<div class="messages" role="status">
    ${messages.map(({ id, text, kind }) => html`<p key=${id} class=${kind}>${text}</p>`)}
  </div>`;
}

export const money = (text) =>
  Number(text).toLocaleString(undefined, { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" });

export const runLink = ({ job, slot }) => `#/runs/${job}/${encodeURIComponent(slot)}`;
