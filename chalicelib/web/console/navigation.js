// The header: search, groups of pages, what this browser remembers, and the way out. On a phone, a button opens the groups.
import { html, useEffect, useState } from "./html.js";
import { Keys } from "./keys.js";
import { Preferences } from "./preferences.js";
import { SearchBox } from "./search.js";
import { whoAmI } from "./session.js";

const GROUPS = {
  CRM: { customers: "Customers", orders: "Orders", products: "Products", reports: "Reports" },
  Operations: { jobs: "Jobs", queue: "Queue", health: "Health", "clean-up": "Clean-up", "low-stock": "Low stock" },
  Settings: { import: "Import" },
};

// All pages. `current` is the name of the one that is shown.
export const Links = ({ current }) => Object.entries(GROUPS).map(([group, pages]) => html`
  <div class="group" key=${group}><span class="quiet" aria-hidden="true">${group}</span>
    <ul aria-label=${group}>${Object.entries(pages).map(([name, title]) => html`
      <li key=${name}><a href="#/${name}" aria-current=${name === current ? "page" : undefined}>${title}</a></li>`)}</ul></div>`);

export function Navigation({ current, leave }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const close = () => setOpen(false);
    window.addEventListener("hashchange", close);
    return () => window.removeEventListener("hashchange", close);
  }, []);
  return html`
    <header class=${open ? "open" : ""}>
      <div class="row top"><strong>CRM console</strong><${SearchBox} />
        <button class="menu" aria-expanded=${open} aria-controls="pages" onClick=${() => setOpen(!open)}>Menu</button>
        <${Preferences} /><${Keys} />
        ${leave && html`<span class="who"><span class="quiet"><bdi>${whoAmI()?.name}</bdi>, ${whoAmI()?.role.toLowerCase()}</span><button class="plain" onClick=${leave}>Sign out</button></span>`}</div>
      <nav id="pages" aria-label="Pages"><${Links} current=${current} /></nav>
    </header>`;
}
