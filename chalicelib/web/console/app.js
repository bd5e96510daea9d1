// The console: choose the page to show, and sign in and out.
import { key } from "./api.js";
import { html, render, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { Navigation } from "./navigation.js";
import { Page, find } from "./pages.js";
import { Messages, Problem } from "./parts.js";
import { usePreferences } from "./preferences.js";
import { useRoute } from "./route.js";
import { identify, whoAmI } from "./session.js";
import { forget } from "./status.js";
import { SignIn } from "./sign_in.js";

// Pages that belong to another one of the navigation.
const SECTIONS = { jobs: "overview" };

// People who work with customers begin there, people who watch the jobs here.
const home = () => (whoAmI()?.role === "EDITOR" ? "customers" : "overview");

function App() {
  const route = useRoute();
  usePreferences();
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
    const leave = () => { forget(); setState("out"); };
    window.addEventListener("signed-out", leave);
    look();
    return () => window.removeEventListener("signed-out", leave);
  }, []);
  // Another page is read from its beginning, also by a screen reader. Filters and pages of a list, and the weeks of reports, are the same page.
  const pageKey = route.path[0] === "reports" ? "reports" : route.path.join("/");
  const before = useRef(pageKey);
  useLayoutEffect(() => { // before anybody types into the new page
    if (before.current !== pageKey) {
      document.getElementById("main")?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    before.current = pageKey;
  }, [pageKey]);
  if (state === "asking") return html`<p class="waiting">Loading …</p>`;
  if (state === "broken") return html`<main><h1>CRM console</h1><${Problem} error=${error} again=${look} /></main>`;
  if (state === "out") return html`<${SignIn} done=${() => setState("in")} />`;
  const current = SECTIONS[route.path[0]] ?? (route.path[0] || home());
  const leave = () => {
    key.forget();
    forget();
    // What still runs, such as an import, ends with the page: it must not keep anything for whoever signs in next.
    import("./import_store.js").then((imports) => imports.forget()).finally(() => location.reload());
  };
  const skip = (event) => { event.preventDefault(); document.getElementById("main").focus(); };
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <${Navigation} current=${current} leave=${key.get() && leave} />
    <main id="main" tabindex="-1"><${Page} key=${pageKey} of=${find(route.path, route.query, home())} /></main>
    <${Messages} />`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
