// The secret of a new or rotated key. It is in this page alone, and gone when it is closed.
import { html, useEffect, useRef } from "./html.js";
import { Name, notify } from "./parts.js";

export function Secret({ issued: { name, secret, isMine }, close }) {
  const place = useRef();
  useEffect(() => place.current.focus(), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      notify("Copied");
    } catch {
      notify("The browser does not allow it. Select the secret, and copy it yourself.", "bad");
    }
  };
  return html`<section class="card secret" aria-labelledby="secret-title" ref=${place} tabindex="-1">
    <h2 id="secret-title">The key of <${Name} of=${name} /></h2>
    ${secret ? html`<p>Copy it now: it is shown only this once. ${isMine && "Sign in with it before the old one ends."}</p>
      <p><code class="secret-text">${secret}</code></p>
      <div class="row actions"><button class="main" onClick=${copy}>Copy</button><button onClick=${close}>I have kept it</button></div>`
      : html`<p>The change was made, but the response was lost, and a secret is sent only once. Rotate the key to get another.</p><button onClick=${close}>Close</button>`}
  </section>`;
}
