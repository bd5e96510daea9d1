// The form that all pages share: errors stand beside their field, and nothing that somebody else wrote is overwritten unseen.
import { ApiError } from "./api.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { Problem, Name } from "./parts.js";

// `fields` are {name, label, type, hint, check, options, choices, list, more, below}; `check(text)` returns what is wrong. `options`
// make it a choice of one, `choices` of several, each [value, text]; `list` proposes texts; `more` puts it under "More". The text of
// several choices has blanks between them. `below(typed)` returns what is shown below the field while somebody types.
// `save(changed)` gets the fields that differ from `values`, as texts, and the `updatedAt` that they have. If somebody else was
// faster, the error has the values as they are now: what is theirs is shown first, and what I have not touched is kept as theirs.
export function Form({ label, fields, values, save, cancel, submit = "Save", children }) {
  const start = useRef(texts(fields, values));
  const version = useRef(values.updatedAt);
  const form = useRef();
  const [typed, setTyped] = useState(start.current);
  const [wrong, setWrong] = useState({});
  const [theirs, setTheirs] = useState({});
  const [problem, setProblem] = useState();
  const [busy, setBusy] = useState(false);
  useLayoutEffect(() => form.current.querySelector("input, select")?.focus(), []); // before anybody types
  useEffect(() => form.current.querySelector("[aria-invalid=true]")?.focus(), [wrong, theirs]);

  const send = async () => {
    const mine = fields.map(({ name }) => name).filter((name) => typed[name] !== start.current[name]);
    const changed = Object.fromEntries(mine.map((name) => [name, typed[name]]));
    setTheirs({});
    for (;;) {
      try {
        return await save(changed, version.current);
      } catch (error) {
        if (!error.current) throw error;
        const now = texts(fields, error.current);
        const theirs = mine.filter((name) => now[name] !== start.current[name] && now[name] !== typed[name]);
        start.current = now;
        version.current = error.current.updatedAt;
        setTyped({ ...now, ...changed });
        setTheirs(Object.fromEntries(theirs.map((name) => [name, now[name]])));
        if (theirs.length) return undefined;
      }
    }
  };
  const onSubmit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const faults = Object.fromEntries(fields.map(({ name, check }) => [name, check?.(typed[name])]).filter(([, text]) => text));
    setWrong(faults);
    setProblem(undefined);
    if (Object.keys(faults).length) return;
    setBusy(true);
    try {
      await send();
    } catch (error) {
      if (fields.some(({ name }) => name === error.field)) setWrong({ [error.field]: error.message });
      else setProblem(error.isInDoubt ? new Error(`${error.message} What you typed is kept. Press ${submit} again: it is done only once.`) : error);
    } finally {
      setBusy(false);
    }
  };
  const leave = (event) => event.key === "Escape" && cancel?.();
  const rare = fields.filter(({ more }) => more);
  const show = (field) => html`<${Field} key=${field.name} field=${field} value=${typed[field.name]} wrong=${wrong[field.name]} theirs=${theirs[field.name]}
    set=${(text) => setTyped((before) => ({ ...before, [field.name]: text }))} />${field.below?.(typed)}`;
  return html`
    <form class="form" aria-label=${label} novalidate ref=${form} onSubmit=${onSubmit} onKeyDown=${leave}>
      ${fields.filter(({ more }) => !more).map(show)}
      ${children}
      ${rare.length > 0 && html`<details class="more" open=${rare.some(({ name }) => wrong[name] || theirs[name] || start.current[name])}><summary>More</summary>${rare.map(show)}</details>`}
      ${problem && html`<${Problem} error=${problem} />`}
      <div class="row actions"><button class="main" aria-busy=${busy}>${submit}</button>
        ${cancel && html`<button type="button" onClick=${cancel}>Cancel</button>`}</div>
    </form>`;
}

const texts = (fields, values) => Object.fromEntries(fields.map(({ name }) => [name, String(values[name] ?? "")]));

function Field({ field, value, wrong, theirs, set }) {
  const { name, label, hint, choices } = field;
  const id = `field-${name}`;
  const conflict = theirs !== undefined && theirs !== value;
  const about = { "aria-invalid": Boolean(wrong) || conflict, "aria-describedby": `${id}-note` };
  return html`
    <div class="field" role=${choices && "group"} aria-labelledby=${choices && `${id}-label`}>
      ${choices ? html`<span class="label" id=${`${id}-label`}>${label}</span>` : html`<label for=${id}>${label}</label>`}
      <${Control} id=${id} field=${field} value=${value} set=${set} about=${about} />
      <div id=${`${id}-note`}>
        ${hint && html`<p class="quiet">${hint}</p>`}
        ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}
        ${conflict && html`<p class="wrong" role="alert">Somebody has changed this meanwhile, to: <${Name} of=${theirs || "nothing"} />. Save again to replace it with yours.
          <button type="button" onClick=${() => set(theirs)}>Take theirs</button></p>`}
      </div>
    </div>`;
}

function Control({ id, field: { type = "text", inputmode, options, choices, list }, value, set, about }) {
  if (options) return html`<select id=${id} value=${value} ...${about} onChange=${(event) => set(event.target.value)}>${options.map(([option, text]) => html`<option value=${option}>${text}</option>`)}</select>`;
  if (choices) {
    const chosen = value.split(" ");
    const toggle = (option) => set(choices.map(([each]) => each).filter((each) => chosen.includes(each) !== (each === option)).join(" "));
    return choices.map(([option, text]) => html`<label key=${option} class="choice"><input type="checkbox" checked=${chosen.includes(option)} ...${about} onChange=${() => toggle(option)} /> ${text}</label>`);
  }
  return html`<input id=${id} type=${type} inputmode=${inputmode} autocomplete=${type === "password" ? "new-password" : "off"} list=${list && `${id}-list`} value=${value} ...${about} onInput=${(event) => set(event.target.value)} />
    ${list && html`<datalist id=${`${id}-list`}>${list.map((text) => html`<option value=${text} />`)}</datalist>`}`;
}

export const isAmount = (text) => (/^\d{1,10}(\.\d{1,2})?$/.test(text.trim()) ? "" : "Enter an amount such as 12.50");
export const isWhole = (text) => (/^[-+]?[1-9]\d{0,8}$/.test(text.trim()) ? "" : "Enter a whole number such as 5 or -2");
export const isCount = (text) => (/^\d{0,7}$/.test(text.trim()) ? "" : "Enter a whole number, or nothing");
export const isFilled = (text) => (text.trim() ? "" : "Fill this in");

// For rows whose fields are not those of the form: when `change` fails because somebody else was faster, read the form's values.
export async function withValuesNow(change, valuesNow) {
  try {
    await change;
  } catch (error) {
    const now = error.current && await valuesNow();
    throw now ? new ApiError(error.message, error.code, undefined, now) : error;
  }
}
