// The console: choose the page to show, and sign in and out.
import { key } from "./api.js";
import { html, render, useEffect, useRef, useState } from "./html.js";
import { CleanUp } from "./clean_up.js";
import { Customer, NewCustomer } from "./customer.js";
import { Customers } from "./customers.js";
import { Health } from "./health.js";
import { Jobs } from "./jobs.js";
import { later } from "./later.js";
import { LowStock } from "./low_stock.js";
import { Navigation } from "./navigation.js";
import { Order } from "./order.js";
import { NewOrder } from "./order_edit.js";
import { Orders } from "./orders.js";
import { Messages, Problem } from "./parts.js";
import { NewProduct, Product } from "./product.js";
import { Products } from "./products.js";
import { Queue } from "./queue.js";
import { Reports } from "./reports.js";
import { useRoute } from "./route.js";
import { Run, Runs } from "./runs.js";
import { identify, whoAmI } from "./session.js";
import { SignIn } from "./sign_in.js";

const Import = later(() => import("./import.js").then((page) => page.Import));
const PAGES = { customers: Customers, orders: Orders, products: Products, reports: Reports, jobs: Jobs, queue: Queue, health: Health, "clean-up": CleanUp, "low-stock": LowStock, import: Import };
const ROWS = { customers: Customer, orders: Order, products: Product };
const NEW = { customers: NewCustomer, orders: NewOrder, products: NewProduct };

// People who work with customers begin there, people who watch the jobs here.
const home = () => (whoAmI()?.role === "EDITOR" ? "customers" : "jobs");

function Page({ route: { path: [name, ...rest], query } }) {
  if (name === "runs" && rest[0]) return rest[1] ? html`<${Run} job=${rest[0]} slot=${rest[1]} schedule=${rest[2] ?? null} />` : html`<${Runs} job=${rest[0]} />`;
  const New = rest[0] === "new" && NEW[name];
  if (New) return html`<${New} query=${query} />`;
  const Row = rest[0] && ROWS[name];
  if (Row) return html`<${Row} id=${rest[0]} query=${query} />`;
  const Content = PAGES[name] ?? PAGES[home()];
  return html`<${Content} rest=${rest} query=${query} />`;
}

function App() {
  const route = useRoute();
  const [state, setState] = useState("asking");
  const [error, setError] = useState();
  const look = async () => {
    try {
      await identify();
      setState("in");
    } catch (problem) {
      setError(problem);
      setState(problem.isAboutKey ? "out" : "broken");
    }
  };
  useEffect(() => {
    const leave = () => setState("out");
    window.addEventListener("signed-out", leave);
    look();
    return () => window.removeEventListener("signed-out", leave);
  }, []);
  useEffect(() => {
    const heading = document.querySelector("main h1");
    document.title = heading ? `${heading.textContent} · CRM console` : "CRM console";
  });
  // Another page is read from its beginning, also by a screen reader. Filters and pages of a list, and the weeks of reports, are the same page.
  const pageKey = route.path[0] === "reports" ? "reports" : route.path.join("/");
  const before = useRef(pageKey);
  useEffect(() => {
    if (before.current !== pageKey) {
      document.getElementById("main")?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    before.current = pageKey;
  }, [pageKey]);
  if (state === "asking") return html`<p class="waiting">Loading …</p>`;
  if (state === "broken") return html`<main><h1>CRM console</h1><${Problem} error=${error} again=${look} /></main>`;
  if (state === "out") return html`<${SignIn} done=${() => setState("in")} />`;
  const current = PAGES[route.path[0]] ? route.path[0] : home();
  const leave = () => {
    key.forget();
    import("./import_store.js").then(({ forget }) => forget());
    setState("out");
    look();
  };
  const skip = (event) => { event.preventDefault(); document.getElementById("main").focus(); };
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <${Navigation} current=${current} leave=${key.get() && leave} />
    <main id="main" tabindex="-1"><${Page} key=${pageKey} route=${route} /></main>
    <${Messages} />`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
