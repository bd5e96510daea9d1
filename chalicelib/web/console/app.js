// The console: choose the page to show, and sign in and out.
import { ask, key } from "./api.js";
import { html, render, useEffect, useState } from "./html.js";
import { Customers } from "./customers.js";
import { Health } from "./health.js";
import { Jobs } from "./jobs.js";
import { Messages, Problem } from "./parts.js";
import { Queue } from "./queue.js";
import { Reports } from "./reports.js";
import { Run, Runs } from "./runs.js";
import { Stock } from "./stock.js";

const PAGES = { jobs: ["Jobs", Jobs], reports: ["Reports", Reports], stock: ["Stock", Stock], customers: ["Customers", Customers], queue: ["Queue", Queue], health: ["Health", Health] };

// Somebody may have typed an invalid address. It is shown as it is.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function useRoute() {
  const read = () => location.hash.replace(/^#\//, "").split("/").map(decoded);
  const [route, setRoute] = useState(read());
  useEffect(() => {
    const change = () => setRoute(read());
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return route;
}

function SignIn({ done }) {
  const [text, setText] = useState("");
  const [error, setError] = useState();
  const submit = async (event) => {
    event.preventDefault();
    key.set(text.trim());
    try {
      await ask("{ jobs { name } }");
      done();
    } catch (problem) {
      key.forget();
      setError(problem.isAboutKey ? new Error("This key is not valid. It may be mistyped, expired or revoked.") : problem);
    }
  };
  return html`
    <main class="sign-in">
      <h1>CRM console</h1>
      <form onSubmit=${submit}>
        <label for="key">API key</label>
        <input id="key" type="password" autocomplete="off" required autofocus placeholder="crm_…" value=${text} onInput=${(event) => setText(event.target.value)} />
        <p class="quiet">The key stays in this tab and is forgotten when you close it. Operators create keys with: crmctl keys create.</p>
        <button class="main">Sign in</button>
      </form>
      ${error && html`<${Problem} error=${error} />`}
    </main>`;
}

function Page({ route: [name, ...rest] }) {
  if (name === "runs" && rest[0]) return rest[1] ? html`<${Run} job=${rest[0]} slot=${rest[1]} schedule=${rest[2] ?? null} />` : html`<${Runs} job=${rest[0]} />`;
  const [, Content] = PAGES[name] ?? PAGES.jobs;
  return html`<${Content} rest=${rest} />`;
}

function App() {
  const route = useRoute();
  const [state, setState] = useState("asking");
  const [error, setError] = useState();
  const look = async () => {
    try {
      await ask("{ jobs { name } }");
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
  if (state === "asking") return html`<p class="waiting">Loading …</p>`;
  if (state === "broken") return html`<main><h1>CRM console</h1><${Problem} error=${error} again=${look} /></main>`;
  if (state === "out") return html`<${SignIn} done=${() => setState("in")} />`;
  const current = PAGES[route[0]] ? route[0] : "jobs";
  const leave = () => { key.forget(); setState("out"); look(); };
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>Skip to the content</a>
    <header>
      <strong>CRM</strong>
      <nav aria-label="Pages"><ul>
        ${Object.entries(PAGES).map(([name, [title]]) => html`
          <li><a href="#/${name}" aria-current=${name === current ? "page" : undefined}>${title}</a></li>`)}
      </ul></nav>
      ${key.get() && html`<button class="plain" onClick=${leave}>Sign out</button>`}
    </header>
    <main id="main" tabindex="-1"><${Page} key=${route[0] === "runs" ? route.join("/") : route[0]} route=${route} /></main>
    <${Messages} />`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
