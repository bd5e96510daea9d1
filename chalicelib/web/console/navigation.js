// The header: search, two groups of pages, and the way out. On a phone, a button opens the groups.
import { html, useEffect, useState } from "./html.js";
import { SearchBox } from "./search.js";
import { whoAmI } from "./session.js";

const GROUPS = {
  CRM: { customers: "Customers", orders: "Orders", products: "Products", reports: "Reports" },
  Operations: { jobs: "Jobs", queue: "Queue", health: "Health", "clean-up": "Clean-up", "low-stock": "Low stock" },
  Settings: { import: "Import" },
};

export function Navigation({ current, leave }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const close = () => setOpen(false);
    window.addEventListener("hashchange", close);
    return () => window.removeEventListener("hashchange", close);
  }, []);
  return html`
    <header>
      <div class="row top"><strong>CRM console</strong><${SearchBox} />
        <button class="menu" aria-expanded=${open} aria-controls="pages" onClick=${() => setOpen(!open)}>Menu</button>
        ${leave && html`<span class="who"><span class="quiet"><bdi>${whoAmI()?.name}</bdi>, ${whoAmI()?.role.toLowerCase()}</span><button class="plain" onClick=${leave}>Sign out</button></span>`}</div>
      <nav id="pages" class=${open ? "open" : ""} aria-label="Pages">
        ${Object.entries(GROUPS).map(([group, pages]) => html`
          <div class="group"><span id=${`group-${group}`} class="quiet">${group}</span>
            <ul aria-labelledby=${`group-${group}`}>${Object.entries(pages).map(([name, title]) => html`
              <li><a href="#/${name}" aria-current=${name === current ? "page" : undefined}>${title}</a></li>`)}</ul></div>`)}
      </nav>
    </header>`;
}
