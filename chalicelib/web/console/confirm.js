// A question before something that is not undone by one click. Enter keeps everything as it is.
import { html } from "./html.js";
import { Action, Dialog } from "./parts.js";

export function Confirm({ title, label, act, close, children }) {
  const run = async () => {
    await act();
    close();
  };
  return html`<${Dialog} title=${title} close=${close}>${children}
    <div class="row actions"><button onClick=${close} autofocus>Keep it</button><${Action} kind="danger" act=${run} label=${label} /></div><//>`;
}
