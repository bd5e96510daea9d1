// What a file says before it is imported: its first rows, what each field is made of, and how it is written.
import { html } from "./html.js";
import { convert } from "./import_source.js";
import { decimalOf, momentOf } from "./import_values.js";
import { Name, Table } from "./parts.js";

const FORMATS = {
  encoding: ["Encoding", [["utf-8", "UTF-8"], ["utf-16le", "UTF-16"], ["utf-16be", "UTF-16, big-endian"], ["windows-1252", "Windows-1252"]]],
  delimiter: ["Columns are separated by", [[",", "commas"], [";", "semicolons"], ["\t", "tabs"], ["|", "vertical bars"]]],
  decimal: ["Decimal mark", [[".", "point: 1234.50"], [",", "comma: 1234,50"]]],
  thousands: ["Between thousands", [[",", "comma"], [".", "point"], [" ", "blank"], ["'", "apostrophe"]]],
  dates: ["In dates", [["dmy", "the day comes first"], ["mdy", "the month comes first"]]],
};
const ABOUT_NUMBERS = ["decimal", "thousands", "dates", "currency"];

export function Options({ rules, source, wishes: { chosen, orders }, set, isOpen }) {
  const choose = (name, value) => {
    const formats = ABOUT_NUMBERS.includes(name) ? { ...chosen.formats, [name]: value } : chosen.formats;
    const given = formats === chosen.formats ? { ...chosen, [name]: value } : { ...chosen, formats: filled(formats) };
    set({ chosen: filled(given), orders });
  };
  const order = (name, value) => set({ chosen, orders: filled({ ...orders, [name]: value }) });
  const kinds = rules.presets.flatMap(({ name, title, kinds }) => Object.keys(kinds).map((kind) => [`${name} ${kind}`, `${kind} of ${title}`]));
  const as = (text) => { const [preset, kind] = text.split(" "); return text && { preset, kind }; };
  return html`
    <details class="filters" open=${isOpen}>
      <summary>Is that wrong? Choose how to read the file</summary>
      <form aria-label="How to read the file" onSubmit=${(event) => event.preventDefault()}>
        <${Choice} name="as" label="The file has" value=${chosen.as ? `${chosen.as.preset} ${chosen.as.kind}` : ""} options=${kinds} choose=${(text) => choose("as", as(text))} />
        ${Object.entries(FORMATS).map(([name, [label, options]]) => html`<${Choice} key=${name} name=${name} label=${label} options=${options}
          value=${(ABOUT_NUMBERS.includes(name) ? chosen.formats?.[name] : chosen[name]) ?? ""} choose=${(text) => choose(name, text)} />`)}
        <div><label for="currency">Currency signs, such as $ €</label><input id="currency" autocomplete="off" value=${chosen.formats?.currency ?? ""} onChange=${(event) => choose("currency", event.target.value.trim())} /></div>
        ${source?.as?.kind === "orders" && html`
          <div><label for="walk-in">Customer for orders without an e-mail address</label><input id="walk-in" type="email" placeholder="walkin@example.com" autocomplete="off" value=${orders.walkIn ?? ""} onChange=${(event) => order("walkIn", event.target.value.trim())} /></div>
          <label class="choice"><input type="checkbox" checked=${orders.addRounding} onChange=${(event) => order("addRounding", event.target.checked)} /> Add an adjustment where the lines differ from the total of the file</label>
          <label class="choice"><input type="checkbox" checked=${orders.roundQuantities} onChange=${(event) => order("roundQuantities", event.target.checked)} /> Round quantities such as 1.5</label>`}
      </form>
    </details>`;
}

const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value && (typeof value !== "object" || Object.keys(value).length)));

const Choice = ({ name, label, value, options, choose }) => html`
  <div><label for=${`read-${name}`}>${label}</label>
    <select id=${`read-${name}`} value=${value} onChange=${(event) => choose(event.target.value)}>
      <option value="">as recognised</option>
      ${options.map(([option, text]) => html`<option value=${option}>${text}</option>`)}</select></div>`;

// The value as it will be sent, so that a wrong mark or a wrong order of day and month is seen before.
function shown(field, text, fields, formats) {
  try {
    if (text && fields.dates.includes(field)) return momentOf(field, text, formats.dates).at.replace("T", " ").replace("Z", " UTC");
    if (text && fields.numbers.includes(field)) return decimalOf(field, text, formats);
  } catch { /* the last column says why */ }
  return text;
}

export function FirstRows({ kind, scanned: { first, columns, formats, fields, addRounding }, orders }) {
  const options = { ...orders, addRounding: orders.addRounding || addRounding };
  const rows = first.flatMap((group) => {
    const { records, reject } = convert(kind, group, formats, options);
    const remark = reject ? reject.reason : records.flatMap(({ warnings }) => warnings).join("; ");
    return group.map(({ line, values }, index) => ({ id: line, values, remark: index ? "" : remark, isBad: Boolean(reject) }));
  });
  const used = columns.map(([field]) => field).filter((field) => rows.some(({ values }) => values[field]));
  return html`<h2>First rows</h2><div class="wide-table" tabindex="0" role="group" aria-label="First rows">
    <${Table} caption="First rows" rows=${rows} columns=${[["Line", ({ id }) => id, "number"],
      ...used.map((field) => [field.replaceAll("_", " "), ({ values }) => html`<${Name} of=${shown(field, values[field], fields, formats)} />`]),
      ...(rows.some(({ remark }) => remark) ? [["Remark", ({ remark, isBad }) => remark && html`<span class=${isBad ? "wrong" : ""}><${Name} of=${isBad ? `Rejected: ${remark}` : remark} /></span>`]] : [])]} /></div>`;
}

export const Mapped = ({ scanned: { columns, ignored } }) => html`
  <details class="filters" open=${matchMedia("(min-width: 40rem)").matches}>
    <summary>Which column is which</summary>
    <${Table} caption="Columns" rows=${columns.map(([id, text]) => ({ id, text }))} columns=${[["Field", ({ id }) => id.replaceAll("_", " ")], ["Made of", ({ text }) => html`<${Name} of=${text} />`]]} />
    ${ignored.length > 0 && html`<p class="quiet">Ignored: <bdi>${ignored.join(", ")}</bdi></p>`}
  </details>`;
