// Sign in with an API key.
import { key } from "./api.js";
import { html, useState } from "./html.js";
import { Problem } from "./parts.js";
import { identify } from "./session.js";

export function SignIn({ done }) {
  const [text, setText] = useState("");
  const [stays, setStays] = useState(false);
  const [error, setError] = useState();
  const submit = async (event) => {
    event.preventDefault();
    key.set(text.trim(), stays);
    try {
      await identify();
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
        <input class="hidden" type="text" name="username" autocomplete="username" value="CRM console" readonly tabindex="-1" aria-hidden="true" />
        <label for="key">API key</label>
        <input id="key" name="password" type="password" autocomplete="current-password" required autofocus placeholder="crm_…" value=${text} onInput=${(event) => setText(event.target.value)} />
        <label class="choice"><input type="checkbox" checked=${stays} onChange=${(event) => setStays(event.target.checked)} /> Keep me signed in on this device</label>
        <p class="quiet">Otherwise the key is forgotten when you close this tab. Each person should have a key of their own, so that the history says who changed what. Operators create keys under Settings, or with: crmctl keys create.</p>
        <button class="main">Sign in</button>
      </form>
      ${error && html`<${Problem} error=${error} />`}
    </main>`;
}
