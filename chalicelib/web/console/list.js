// The list that all pages share: filters and order in the address, pages, and CSV of what is shown.
import { useQuery } from "./api.js";
import { toAddress } from "./csv.js";
import { html, useCallback, useEffect, useState } from "./html.js";
import { Shown, Table } from "./parts.js";
import { pickColumn, usePicked } from "./pick.js";
import { address } from "./route.js";
import { WholeCsv } from "./whole_csv.js";

const PAGE = 25;
const WIDE = "(min-width: 40rem)";

// `filters` are {name, label, type, options, convert}; a name is that of the variable of the query. `orders` are
// [value of orderBy, label], the default first; without them the list has one order. `connection(data)` returns the connection of
// the answer. `csv` are [title, value]. `pick` has the name of a row and the actions for those that are picked. The first page is
// read again every `seconds`. `empty` says that nothing fits the filters, `none` that there is nothing at all, and what to do next.
export function List({ caption, path, route, query, fixed, connection, filters = [], orders, columns, csv, empty, none, pick, seconds = 0 }) {
  const { before, after, ...chosen } = route;
  const forth = !before;
  const all = { ...fixed, ...filled(filters, chosen), ...(orders && { orderBy: [chosen.orderBy || orders[0][0]] }) };
  const variables = { ...all, ...(forth ? { first: PAGE, after: after ?? null } : { last: PAGE, before }) };
  const goOn = useCallback((data) => {
    const found = connection(data);
    if (!found || found.edges.length) return null;
    if (forth) return found.pageInfo.hasNextPage && { after: found.pageInfo.endCursor };
    return found.pageInfo.hasPreviousPage && { before: found.pageInfo.startCursor };
  }, [connection, forth]);
  const asked = useQuery(query, variables, before || after ? 0 : seconds, goOn);
  const picks = usePicked();
  useEffect(picks.clear, [JSON.stringify(route)]);
  const go = (values) => { location.hash = address(path, values); };
  return html`
    ${filters.length > 0 && html`<${Filters} caption=${caption} filters=${filters} orders=${orders} chosen=${chosen} go=${go} />`}
    <${Shown} of=${asked}>${(data) => {
      const { edges, pageInfo } = connection(data) ?? { edges: [], pageInfo: {} };
      const rows = edges.map(({ node }) => node).filter(Boolean);
      return html`
        ${pick && html`<${pick.Actions} picks=${picks} rows=${rows} filters=${filled(filters, chosen)} reload=${asked.reload} />`}
        <${Table} caption=${caption} rows=${rows} columns=${pick?.isOn() ? [pickColumn(picks, pick.name), ...columns] : columns}
          empty=${filters.some(({ name }) => chosen[name]) ? html`${empty} <a href=${address(path, { orderBy: chosen.orderBy })}>Clear the filters</a>` : none ?? empty} />
        <${Pager} caption=${caption} path=${path} chosen=${chosen} pageInfo=${pageInfo} moved=${Boolean(before || after)} rows=${rows} csv=${csv}
          whole=${{ query, variables: all, connection, key: JSON.stringify(all) }} />`;
    }}<//>`;
}

function filled(filters, chosen) {
  const given = filters.filter(({ name }) => chosen[name]);
  return Object.fromEntries(given.map(({ name, convert = (text) => text }) => [name, convert(chosen[name])]));
}

// Choices apply at once, text when Enter is pressed or the field is left.
function Filters({ caption, filters, orders, chosen, go }) {
  const text = JSON.stringify(chosen);
  const [values, setValues] = useState(chosen);
  useEffect(() => setValues(JSON.parse(text)), [text]);
  const set = (name, value, apply) => {
    const changed = { ...values, [name]: value };
    setValues(changed);
    if (apply) go(changed);
  };
  const active = filters.filter(({ name }) => chosen[name]).length;
  const submit = (event) => { event.preventDefault(); go(values); };
  return html`
    <details class="filters" open=${active > 0 || matchMedia(WIDE).matches}>
      <summary>Filters${orders ? " and order" : ""}${active ? ` (${active} in use)` : ""}</summary>
      <form aria-label=${`Filter: ${caption}`} onSubmit=${submit}>
        ${filters.map((filter) => html`<${Filter} key=${filter.name} filter=${filter} value=${values[filter.name] ?? ""} set=${set} />`)}
        ${orders && html`<${Choice} id="orderBy" label="Order" value=${values.orderBy || orders[0][0]} options=${orders} choose=${(value) => set("orderBy", value, true)} />`}
        <div class="row"><button>Apply</button>${active > 0 && html`<button type="button" class="plain" onClick=${() => go({ orderBy: chosen.orderBy })}>Clear</button>`}</div>
      </form>
    </details>`;
}

const Filter = ({ filter: { name, label, type = "text", options }, value, set }) =>
  options
    ? html`<${Choice} id=${name} label=${label} value=${value} options=${[["", "all"], ...options]} choose=${(chosen) => set(name, chosen, true)} />`
    : html`<div><label for=${`filter-${name}`}>${label}</label>
        <input id=${`filter-${name}`} type=${type} value=${value} inputmode=${type === "number" ? "decimal" : undefined} autocomplete="off"
          onInput=${(event) => set(name, event.target.value)} onChange=${(event) => set(name, event.target.value, true)} /></div>`;

const Choice = ({ id, label, value, options, choose }) => html`
  <div><label for=${`filter-${id}`}>${label}</label>
    <select id=${`filter-${id}`} value=${value} onChange=${(event) => choose(event.target.value)}>
      ${options.map(([option, text]) => html`<option value=${option}>${text}</option>`)}</select></div>`;

function Pager({ caption, path, chosen, pageInfo, moved, rows, csv, whole }) {
  const link = (text, where) => where
    ? html`<a class="button" href=${address(path, { ...chosen, ...where })}>${text}</a>`
    : html`<button disabled>${text}</button>`;
  const hasPages = moved || pageInfo.hasNextPage || pageInfo.hasPreviousPage;
  const file = `${caption.toLowerCase().replaceAll(" ", "-")}.csv`;
  return html`<div class="row actions screen-only">
    ${hasPages && html`<nav class="row" aria-label=${`Pages: ${caption}`}>
      ${link("First", moved && {})}
      ${link("Previous", moved && pageInfo.hasPreviousPage && { before: pageInfo.startCursor })}
      ${link("Next", pageInfo.hasNextPage && { after: pageInfo.endCursor })}</nav>`}
    ${rows.length > 0 && csv && html`<a class="button" download=${file} href=${toAddress([csv.map(([title]) => title), ...rows.map((row) => csv.map(([, value]) => value(row)))])}>CSV of this page</a>
      ${hasPages && html`<${WholeCsv} name=${file} csv=${csv} ...${whole} />`}`}
  </div>`;
}
