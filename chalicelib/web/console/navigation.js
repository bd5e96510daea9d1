// The header: search, groups of pages, what this browser remembers, and the way out. On a phone, a button opens the groups.
import { html, useEffect, useState } from "./html.js";
import { Keys } from "./keys.js";
import { Preferences } from "./preferences.js";
import { SearchBox } from "./search.js";
import { whoAmI } from "./session.js";
import { countText, useStatus } from "./status.js";

const GROUPS = {
  CRM: { customers: "Customers", orders: "Orders", products: "Products", reports: "Reports" },
  Operations: { overview: "Overview", runs: "Runs", queue: "Queue", health: "Health", "clean-up": "Clean-up", "low-stock": "Low stock" },
  Settings: { import: "Import", "api-keys": "API keys", notifications: "Notifications", schedules: "Schedules", "audit-log": "Audit log" },
};

// All pages. `current` is the name of the one that is shown.
export const Links = ({ current }) => Object.entries(GROUPS).map(([group, pages]) => html`
  <div class="group" key=${group}><span class="quiet" aria-hidden="true">${group}</span>
    <ul aria-label=${group}>${Object.entries(pages).map(([name, title]) => html`
      <li key=${name}><a href="#/${name}" aria-current=${name === current ? "page" : undefined}>${title}${name === "overview" && html`<${Wrong} />`}</a></li>`)}</ul></div>`);

// How many things are wrong.
function Wrong() {
  const count = countText(useStatus());
  return count && html` <span class="count" title="Things that are wrong">${count}<span class="hidden"> wrong</span></span>`;
}

// Which stage this is. Nobody should take one for the other.
function Stage() {
  const status = useStatus(true);
  return status && html`<span class="stage ${status.stage === "prod" ? "prod" : ""}" title=${`Version ${status.version}`}>${status.stage} <span class="version">${status.version}</span></span>`;
}

export function Navigation({ current, leave }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const close = () => setOpen(false);
    window.addEventListener("hashchange", close);
    return () => window.removeEventListener("hashchange", close);
  }, []);
  return html`
    <header class=${open ? "open" : ""}>
      <div class="row top"><strong>CRM console</strong><${Stage} /><${SearchBox} />
        <button class="menu" aria-expanded=${open} aria-controls="pages" onClick=${() => setOpen(!open)}>Menu</button>
        <${Preferences} /><${Keys} />
        ${leave && html`<span class="who"><span class="quiet"><bdi>${whoAmI()?.name}</bdi>, ${whoAmI()?.role.toLowerCase()}</span><button class="plain" onClick=${leave}>Sign out</button></span>`}</div>
      <nav id="pages" aria-label="Pages"><${Links} current=${current} /></nav>
    </header>`;
}
