// An address that leads nowhere.
import { html } from "./html.js";
import { Links } from "./navigation.js";

export const NoPage = () => html`<h1>There is no such page</h1>
  <p>No page has the address <code>${location.hash.slice(0, 100)}</code>. It may be mistyped, or from another version.</p>
  <nav class="all-pages" aria-label="All pages"><${Links} /></nav>`;
