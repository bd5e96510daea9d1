// Import a CSV file: what it was recognised as, its first rows, progress, and the rejected rows.
import { html, useEffect, useRef, useState } from "./html.js";
import { FirstRows, Mapped, Options } from "./import_preview.js";
import { Progress, Unfinished } from "./import_progress.js";
import { Import as Running, newState } from "./import_run.js";
import { open, scan } from "./import_source.js";
import { all, discard, idOf, load, save } from "./import_store.js";
import { Problem, count, useTitle } from "./parts.js";
import { currency, may, whoAmI } from "./session.js";

const RULES = new URL("./import_rules.json", import.meta.url);
const NOTHING = { chosen: {}, orders: {} };
let rules;
let running; // an import goes on while other pages are shown

const loadRules = () => (rules ??= fetch(RULES).then((answer) => answer.json()).catch((error) => { rules = undefined; throw error; }));

export function Import() {
  useTitle("Import");
  return html`<h1>Import</h1>
    <p class="quiet">Customers, products and orders from a CSV file of this or another system. Import customers and products before the orders. Existing rows are not created again, so you can safely repeat an import.</p>
    ${may("EDITOR") ? html`<${Page} />` : html`<p>Importing needs a key with the role EDITOR. Yours has ${whoAmI()?.role ?? "none"}.</p>`}`;
}

function Page() {
  const [, redraw] = useState(0);
  const [file, setFile] = useState(running?.file);
  const [wishes, setWishes] = useState(NOTHING);
  const [saved, setSaved] = useState();
  const [kept, setKept] = useState([]);
  const [problem, setProblem] = useState();
  const seen = useScan(file, wishes.chosen);
  const input = useRef();
  const refresh = () => all().then((found) => setKept(found.sort((one, other) => (one.at < other.at ? 1 : -1))), setProblem);
  useEffect(() => { refresh(); }, []);
  const report = () => redraw((number) => number + 1);
  if (running) running.report = report;

  const choose = async (given) => {
    running = undefined;
    setProblem(undefined);
    try {
      const before = given && await load(idOf(given));
      setSaved(before);
      setWishes(before ? { chosen: before.chosen, orders: before.orders } : NOTHING);
      setFile(given);
    } catch (error) {
      setProblem(error);
    }
  };
  const begin = async (state, { source, scanned }) => {
    running = new Running(file, source, await loadRules(), scanned, state, report);
    await running.start();
    await refresh();
  };
  // The file is read as it was read at first, whatever is chosen now.
  const goOn = async () => {
    try {
      await begin(saved, JSON.stringify(saved.chosen) === JSON.stringify(wishes.chosen) ? seen : await readAgain(file, saved));
    } catch (error) {
      setProblem(error);
    }
  };
  const start = async () => {
    const state = newState(idOf(file), file.name, seen.source.as, wishes.chosen, wishes.orders, seen.scanned.groups);
    try {
      await discard(state.id);
      await save(state);
    } catch (error) {
      setProblem(error);
      return;
    }
    await begin(state, seen);
  };
  const other = () => {
    running = undefined;
    input.current.value = "";
    setFile(undefined);
    refresh();
  };
  const drop = async (id) => { await discard(id); await refresh(); };
  const isBusy = running?.isRunning;
  return html`
    <div class="field"><label for="file">File</label>
      <input id="file" type="file" accept=".csv,.tsv,.txt,text/csv" ref=${input} disabled=${isBusy} onChange=${(event) => choose(event.target.files[0])} /></div>
    ${problem && html`<${Problem} error=${problem} />`}
    ${running ? html`<${Progress} running=${running} other=${other} />`
      : file ? html`<${Seen} file=${file} seen=${seen} wishes=${wishes} set=${setWishes} saved=${saved} start=${start} goOn=${goOn} />`
        : html`<${Unfinished} kept=${kept} drop=${drop} /><${Beyond} />`}`;
}

// Return {source, scanned} of a file, as it was read when its import began.
async function readAgain(file, { chosen, as }) {
  const known = await loadRules();
  const source = await open(file, known, { ...chosen, as });
  return { source, scanned: await scan(file, source, known, { user: chosen.formats, currency: currency() }) };
}

// Look through the file again whenever the choices have changed.
function useScan(file, chosen) {
  const [seen, setSeen] = useState({});
  const text = JSON.stringify(chosen);
  useEffect(() => {
    if (!file || running) return undefined;
    let gone = false;
    const progress = (rows) => {
      if (gone) throw new Error("The choices have changed.");
      setSeen((before) => ({ ...before, rows }));
    };
    const look = async () => {
      setSeen({ rows: 0 });
      const found = { rules: await loadRules() };
      try {
        found.source = await open(file, found.rules, chosen);
        if (found.source.as) found.scanned = await scan(file, found.source, found.rules, { user: chosen.formats, currency: currency(), progress });
      } catch (problem) {
        found.problem = problem;
      }
      return found;
    };
    look().catch((problem) => ({ problem })).then((found) => gone || setSeen(found));
    return () => { gone = true; };
  }, [file, text]);
  return seen;
}

function Seen({ file, seen: { rows, rules: known, source, scanned, problem }, wishes, set, saved, start, goOn }) {
  if (!known && !problem) return html`<p role="status">Reading ${file.name} … ${rows ? count(rows, "row") : ""}</p>`;
  const title = source?.as && known.presets.find(({ name }) => name === source.as.preset).title;
  return html`
    <section class="card" aria-labelledby="file-title">
      <h2 id="file-title"><bdi>${file.name}</bdi></h2>
      ${problem && html`<${Problem} error=${problem} />`}
      ${source && !source.as && html`<p class="note bad">The CRM does not recognise this table. It has these columns: <bdi>${source.columns.filter(Boolean).join(", ")}</bdi>. Choose what it is, or say in a terminal which column is which: <code>crmctl import FILE --map customers.name="COLUMN"</code></p>`}
      ${source?.as && html`<p>Recognised as <strong>${source.as.kind} of ${title}</strong>: ${source.form}${written(scanned)}.
        ${scanned && ` ${scanned.rows.toLocaleString()} ${scanned.rows === 1 ? "row" : "rows"}${scanned.skipped ? `, and ${scanned.skipped.toLocaleString()} that are left out, as for all files of ${title}` : ""}.`}</p>`}
      ${known && html`<${Options} rules=${known} source=${source} wishes=${wishes} set=${set} isOpen=${Boolean(problem || !source?.as)} />`}
      ${saved && !saved.finished && scanned && html`<p class="note">${saved.done.toLocaleString()} of ${saved.total.toLocaleString()} were imported before. If you go on, the choices made then apply.</p>`}
      ${saved?.finished && html`<p class="note">This file was imported before. Importing it again creates nothing twice.</p>`}
      ${scanned && html`<div class="row actions">
        ${saved && !saved.finished && html`<button class="main" onClick=${goOn}>Go on</button>`}
        <button class=${saved && !saved.finished ? "" : "main"} onClick=${start}>${saved ? "Import from the beginning" : `Import ${scanned.groups.toLocaleString()} ${scanned.groups === 1 ? source.as.kind.slice(0, -1) : source.as.kind}`}</button></div>`}
    </section>
    ${scanned && html`<${FirstRows} kind=${source.as.kind} scanned=${scanned} orders=${wishes.orders} /><${Mapped} scanned=${scanned} />`}`;
}

const written = (scanned) => scanned
  ? [scanned.formats.decimal === "," && "decimal comma", { dmy: "day first", mdy: "month first" }[scanned.formats.dates]].filter(Boolean).map((text) => `, ${text}`).join("")
  : "";

const Beyond = () => html`
  <section><h2>What needs a terminal</h2>
    <p>Excel workbooks, the database of the Django CRM, columns with other names, changing existing rows, and customers or products that only the orders name. For these: <code>crmctl import FILES --dry-run</code>. It also takes several files at once, and sends many requests in parallel.</p></section>`;
