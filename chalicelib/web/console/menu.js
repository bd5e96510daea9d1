// A button that opens a few actions. Escape and a click elsewhere close it.
import { html, useEffect, useRef, useState } from "./html.js";

// `items` are [text, function or address, disabled].
export function Menu({ label, items }) {
  const [open, setOpen] = useState(false);
  const place = useRef();
  const button = useRef();
  useEffect(() => {
    if (!open) return undefined;
    const leave = (event) => place.current.contains(event.target) || setOpen(false);
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [open]);
  const close = () => {
    button.current.focus();
    setOpen(false);
  };
  const press = (event) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    close();
  };
  const leave = (event) => event.relatedTarget && !place.current.contains(event.relatedTarget) && setOpen(false);
  const act = (done) => {
    close(); // first, so that a dialog returns the focus to the button
    done();
  };
  return html`<span class="actions-menu" ref=${place} onKeyDown=${press} onFocusOut=${leave}>
    <button ref=${button} aria-label=${label} aria-expanded=${open} onClick=${() => setOpen(!open)}>⋯</button>
    ${open && html`<ul>${items.map(([text, what, disabled]) => html`<li key=${text}>
      ${typeof what === "string" ? html`<a href=${what}>${text}</a>` : html`<button class="plain" disabled=${disabled} onClick=${() => act(what)}>${text}</button>`}</li>`)}</ul>`}</span>`;
}
