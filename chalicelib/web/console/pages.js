// Which module shows a page. It is loaded when the page is first opened, so that the first one is there at once.
import { html, useEffect, useState } from "./html.js";
import { Problem, Waiting } from "./parts.js";
import { setTitle } from "./title.js";

// The first part of the address: [module, component]. Navigation names the same pages, in groups.
export const PAGES = {
  customers: ["customers", "Customers"], orders: ["orders", "Orders"], products: ["products", "Products"], reports: ["reports", "Reports"],
  overview: ["overview", "Overview"], runs: ["runs", "Runs"], queue: ["queue", "Queue"], health: ["health", "Health"], "clean-up": ["clean_up", "CleanUp"], "low-stock": ["low_stock", "LowStock"],
  import: ["import", "Import"], "api-keys": ["api_keys", "ApiKeys"], notifications: ["notifications", "Notifications"], schedules: ["schedules", "Schedules"], "audit-log": ["audit_log", "AuditLog"],
};
// Pages of one row: PAGE/ID.
const ROWS = { jobs: ["job", "JobPage"], customers: ["customer", "Customer"], orders: ["order", "Order"], products: ["product", "Product"] };
// PAGE/new.
const NEW = { customers: ["customer", "NewCustomer"], orders: ["order_edit", "NewOrder"], products: ["product", "NewProduct"] };
const RUN = ["run", "Run"];
const NONE = ["no_page", "NoPage"];

// Return the page of an address, and what it is given.
export function find([name, ...rest], query, home) {
  const [first, second, third] = rest;
  if (!name) return [PAGES[home], { rest, query }];
  if (name === "jobs" && !rest.length) return [PAGES.overview, { query }];
  if (name === "runs" && second) return [RUN, { job: first, slot: second, schedule: third ?? null }];
  if (name === "runs" && first) return [PAGES.runs, { query: { job: first, ...query } }];
  if (rest.length === 1 && first === "new" && Object.hasOwn(NEW, name)) return [NEW[name], { query }];
  if (rest.length === 1 && Object.hasOwn(ROWS, name)) return [ROWS[name], { id: first, query }];
  if ((name === "reports" || !rest.length) && Object.hasOwn(PAGES, name)) return [PAGES[name], { rest, query }];
  return [NONE, {}];
}

const modules = new Map();

// A module that could not be loaded is loaded from another address the next time, since browsers may remember that it failed.
async function load(file, attempt) {
  modules.set(file, await import(`./${file}.js${attempt ? `?${attempt}` : ""}`));
}

export function Page({ of: [[file, component], given] }) {
  const [attempt, setAttempt] = useState(0);
  const [error, setError] = useState();
  const [, draw] = useState();
  const module = modules.get(file);
  useEffect(() => {
    if (modules.has(file)) return undefined;
    let current = true;
    setError(undefined);
    load(file, attempt).then(() => current && draw({}), () => current && setError(new Error("The server does not answer. Is it running, and are you online?")));
    return () => { current = false; };
  }, [file, attempt]);
  useEffect(() => {
    const heading = document.querySelector("main h1");
    setTitle(heading?.textContent ?? "");
  });
  if (module) return html`<${module[component]} ...${given} />`;
  return error ? html`<${Problem} error=${error} again=${() => setAttempt(attempt + 1)} />` : html`<${Waiting} />`;
}
