// The question before something is done with several runs: which ones, and what it will do. Then one after the other.
import { html, useEffect, useState } from "./html.js";
import { Action, Dialog, Name, Problem, Table, Waiting, notify, words } from "./parts.js";
import { Time } from "./times.js";

// `find()` returns {runs, note}; `preview(runs)` returns sentences; `act(run, reason)` does it with one run. `done` is the word for it.
export function Bulk({ title, label, kind = "main", text, done, needsReason = false, find, preview, act, close, after }) {
  const [found, setFound] = useState();
  const [error, setError] = useState();
  const [reason, setReason] = useState("");
  const [count, setCount] = useState();
  const [failed, setFailed] = useState([]);
  useEffect(() => {
    let current = true;
    const look = async () => {
      const { runs, note } = await find();
      const sentences = preview && runs.length ? await preview(runs) : [];
      if (current) setFound({ runs, note, sentences });
    };
    look().catch((problem) => current && setError(problem));
    return () => { current = false; };
  }, []);
  const run = async () => {
    const refused = [];
    for (const [index, each] of found.runs.entries()) {
      setCount(index);
      try {
        await act(each, reason);
      } catch (problem) {
        refused.push({ ...each, problem: problem.message });
      }
    }
    setCount(undefined);
    notify(`${found.runs.length - refused.length} ${done}${refused.length ? `, ${refused.length} not` : ""}`, refused.length ? "bad" : "good");
    await after();
    if (refused.length) setFailed(refused);
    else close();
  };
  if (failed.length) {
    return html`<${Dialog} title=${`${failed.length} of ${found.runs.length} were not ${done}`} close=${close}>
      <${Runs} rows=${failed} last=${["Why", (row) => html`<${Name} of=${row.problem} />`]} />
      <div class="row actions"><button onClick=${close} autofocus>Close</button></div><//>`;
  }
  return html`<${Dialog} title=${title} close=${close}>
    ${error && html`<${Problem} error=${error} />`}
    ${!found && !error && html`<${Waiting} />`}
    ${found && html`
      <p><strong>${found.runs.length} ${found.runs.length === 1 ? "run" : "runs"}.</strong> ${found.note} ${text} Nothing has changed yet.</p>
      ${found.sentences.length > 0 && html`<ul>${found.sentences.map((sentence) => html`<li key=${sentence}><${Name} of=${sentence} /></li>`)}</ul>`}
      ${found.runs.length > 0 && html`<${Runs} rows=${found.runs} last=${["Error or reason", (row) => html`<span class="text"><${Name} of=${row.error ?? row.reason ?? "–"} /></span>`]} />`}`}
    ${needsReason && html`<label for="reason">Reason</label><input id="reason" maxlength="200" autofocus value=${reason} onInput=${(event) => setReason(event.target.value)} />`}
    <p role="status">${count !== undefined ? `${count} of ${found.runs.length} …` : ""}</p>
    <div class="row actions"><button onClick=${close}>Leave them</button>
      <${Action} kind=${kind} act=${run} label=${label} disabled=${!found?.runs.length || (needsReason && !reason.trim())} /></div><//>`;
}

const Runs = ({ rows, last }) => html`<div class="rows" tabindex="0" role="region" aria-label="The runs">
  <${Table} caption="The runs" rows=${rows} columns=${[["Job", ({ job }) => job], ["Due", ({ slot }) => html`<${Time} at=${slot} />`], ["Status", ({ status }) => words(status)], last]} /></div>`;
