// A page that is loaded when it is visited for the first time.
import { html, useEffect, useState } from "./html.js";
import { Problem } from "./parts.js";

export const later = (load) => function Later(props) {
  const [state, setState] = useState({});
  const fetchPage = () => load().then((Page) => setState({ Page }), () => setState({ error: new Error("This page could not be loaded. Are you online?") }));
  useEffect(() => { fetchPage(); }, []);
  const { Page, error } = state;
  if (Page) return html`<${Page} ...${props} />`;
  return error ? html`<${Problem} error=${error} again=${fetchPage} />` : html`<div class="skeleton" role="status"><span class="hidden">Loading …</span></div>`;
};
