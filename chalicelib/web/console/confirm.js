// A question before something that is not undone by one click.
import { html } from "./html.js";
import { Action, Dialog } from "./parts.js";

export function Confirm({ title, label, act, close, children }) {
  const run = async () => {
    await act();
    close();
  };
  return html`<${Dialog} title=${title} close=${close}>${children}
    <div class="row actions"><${Action} kind="main" act=${run} label=${label} /><button onClick=${close}>Keep it</button></div><//>`;
}
