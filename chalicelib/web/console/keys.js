// The keys of the console, in a dialog that "?" opens.
import { html, useEffect, useState } from "./html.js";
import { Dialog } from "./parts.js";

const KEYS = {
  "/": "Search customers, orders and products",
  "?": "Show these keys",
  "↑ ↓": "Choose among the results of a search",
  Enter: "Open the result, or save the form",
  Escape: "Close a dialog, leave a form, clear the search",
  Tab: "Go to the next link, button or field; with Shift to the one before",
};

// Whether a key that was pressed is a shortcut, and no text that somebody writes.
export const isShortcut = (event, key) =>
  event.key === key && !event.target.closest?.("input, select, textarea, dialog") && !event.ctrlKey && !event.metaKey && !event.altKey;

export function Keys() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const press = (event) => {
      if (!isShortcut(event, "?")) return;
      event.preventDefault();
      setOpen(true);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  return html`<button class="plain" aria-label="Keys" title="Keys ( ? )" onClick=${() => setOpen(true)}>?</button>
    ${open && html`<${Dialog} title="Keys" close=${() => setOpen(false)}>
      <dl class="keys">${Object.entries(KEYS).map(([name, use]) => html`<div key=${name}><dt><kbd>${name}</kbd></dt><dd>${use}</dd></div>`)}</dl>
      <div class="row actions"><button onClick=${() => setOpen(false)}>Close</button></div><//>`}`;
}
