// Parts that several pages share: states, tables, dialogs, messages.
import { html, useEffect, useRef, useState } from "./html.js";
import { currency } from "./session.js";
import { setTitle } from "./title.js";

// Names may be written from right to left. They are isolated, so that the text around them keeps its direction.
export const Name = ({ of }) => html`<bdi>${of}</bdi>`;
export const isolated = (name) => `\u2068${name}\u2069`;

export function useTitle(title) {
  useEffect(() => setTitle(title), [title]);
}

export const words = (state) => state.toLowerCase().replaceAll("_", " ");
export const Badge = ({ state }) => html`<span class="badge ${state}">${words(state)}</span>`;

export function Shown({ of: { data, error, loading, reload }, children }) {
  if (data) {
    return html`${error && html`<${Problem} error=${error} again=${reload} />`}${children(data)}`;
  }
  if (error) return html`<${Problem} error=${error} again=${reload} />`;
  return loading && html`<${Waiting} />`;
}

export const Waiting = () => html`<div class="skeleton" role="status"><span class="hidden">Loading …</span></div>`;

export const Problem = ({ error, again }) => html`
  <div class="problem" role="alert">
    <p>${error.message}</p>
    ${again && html`<button onClick=${again}>Try again</button>`}
  </div>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

// `columns` are [title, cell, class]; on a phone each row is a card, labelled by the titles.
// The roles tell screen readers that it is a table, whatever CSS makes of it.
export const Table = ({ caption, columns, rows, empty }) =>
  rows.length === 0
    ? html`<${Empty}>${empty}<//>`
    : html`
      <table role="table">
        <caption class="hidden">${caption}</caption>
        <thead role="rowgroup"><tr role="row">${columns.map(([title, , kind]) => title ? html`<th scope="col" role="columnheader" class=${kind}>${title}</th>` : html`<td role="cell"></td>`)}</tr></thead>
        <tbody role="rowgroup">
          ${rows.map((row) => html`
            <tr role="row" key=${row.id ?? row.slot ?? row.name}>
              ${columns.map(([title, cell, kind]) => html`<td role="cell" data-title=${title} class=${kind}><span>${cell(row)}</span></td>`)}
            </tr>`)}
        </tbody>
      </table>`;

// A modal dialog: the browser keeps the focus in it and closes it with Escape. The focus begins at its title, so that Enter does
// nothing unseen; a field or a harmless button that should have it says `autofocus`.
export function Dialog({ title, close, children }) {
  const dialog = useRef();
  const gone = useRef(false);
  useEffect(() => {
    const section = document.activeElement?.closest("section");
    const shown = dialog.current;
    shown.showModal();
    (shown.querySelector("[autofocus]") ?? shown.querySelector("h2")).focus();
    // The browser returns the focus to the button that opened the dialog. If that button is gone, as Pause is after pausing, use the heading.
    return () => {
      gone.current = true; // its event comes later, when another dialog may be open
      shown.close();
      if (document.activeElement === document.body) section?.querySelector("h2 a")?.focus();
    };
  }, []);
  return html`
    <dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${() => gone.current || close()}>
      <h2 id="dialog-title" tabindex="-1">${title}</h2>
      ${children}
    </dialog>`;
}

// A button that changes something on the server. It shows when it is busy, and shows an error.
export function Action({ act, label, kind = "", disabled = false, name }) {
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await act();
    } catch (error) {
      notify(error.message, "bad");
    } finally {
      setBusy(false);
    }
  };
  return html`<button class=${kind} onClick=${run} disabled=${busy || disabled} aria-label=${name} aria-busy=${busy}>${label}</button>`;
}

export const notify = (text, kind = "good") => window.dispatchEvent(new CustomEvent("notify", { detail: { text, kind } }));

export function Messages() {
  const [messages, setMessages] = useState([]);
  useEffect(() => {
    const receive = ({ detail }) => {
      const message = { ...detail, id: Math.random() };
      setMessages((before) => [...before, message]);
      setTimeout(() => setMessages((before) => before.filter(({ id }) => id !== message.id)), detail.kind === "bad" ? 12000 : 5000);
    };
    window.addEventListener("notify", receive);
    return () => window.removeEventListener("notify", receive);
  }, []);
  return html`<div class="messages" role="status">
    ${messages.map(({ id, text, kind }) => html`<p key=${id} class=${kind}>${text}</p>`)}
  </div>`;
}

export const money = (text) =>
  Number(text).toLocaleString(undefined, { style: "currency", currency: currency(), currencyDisplay: "narrowSymbol" });

// The schedule of a run is in its address only if operators have made it.
export const runLink = ({ job, slot, schedule }) => `#/runs/${job}/${encodeURIComponent(slot)}${schedule && schedule !== `${job}.default` ? `/${schedule}` : ""}`;

export const count = (number, noun) => `${number.toLocaleString()} ${noun}${number === 1 ? "" : "s"}`;

export const counted = (counts) => counts.map(({ name, value }) => (name.endsWith("_ms") ? `${value} ms` : `${value} ${name.replaceAll("_", " ")}`)).join(", ");

export function progress({ status, pages, counts, nextAttemptAt, startedAt }) {
  if (nextAttemptAt) return startedAt ? "Failed. Waiting for the next attempt." : "Waiting for the time at which it starts.";
  if (status === "WAITING") return "Starting within seconds, unless something blocks it.";
  return pages ? `${pages} ${pages === 1 ? "checkpoint" : "checkpoints"} so far${counts.length ? `, ${counted(counts)}` : ""}` : "Started.";
}
