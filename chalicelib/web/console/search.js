// Search with results while typing: in the header, and to choose a customer or a product.
import { ask } from "./api.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { isShortcut } from "./keys.js";
import { pageOf } from "./links.js";
import { Name, money } from "./parts.js";

const SEARCH = `query Search($text: String!, $kinds: [SearchKind!]) {
  search(text: $text, kinds: $kinds, first: 8) {
    edges { node {
      kind: __typename
      ... on Customer { id name email phone }
      ... on Product { id name sku price stock archived }
      ... on Order { id reference orderDate totalAmount customer { name } }
    } }
    pageInfo { hasNextPage }
  }
}`;
const WAIT = 150; // milliseconds after the last key
const isEnough = (text) => text.length > 1 || /[^\x00-\x7f]/.test(text);

const day = (text) => text.slice(0, 10);
const title = (row) => row.name ?? `${row.reference ?? `Order of ${day(row.orderDate)}`}`;
function about(row) {
  if (row.kind === "Customer") return [row.email, row.phone];
  if (row.kind === "Product") return [row.sku, money(row.price), row.archived ? "archived" : `${row.stock} in stock`];
  return [row.customer?.name, day(row.orderDate), money(row.totalAmount)];
}

export function SearchBox() {
  const place = useRef();
  useEffect(() => {
    const focus = (event) => {
      if (!isShortcut(event, "/")) return;
      event.preventDefault();
      place.current.querySelector("input").focus();
    };
    window.addEventListener("keydown", focus);
    return () => window.removeEventListener("keydown", focus);
  }, []);
  return html`<div class="search" role="search" ref=${place}>
    <${Search} id="search" label="Search customers, orders and products" placeholder="Search  ( / )" choose=${(row) => { location.hash = pageOf(row.id); }} /></div>`;
}

// `choose(row)` is called with the row that was chosen. The text is cleared.
export function Search({ id, label, kinds = null, placeholder, choose }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState();
  const [active, setActive] = useState(0);
  const entered = useRef(false); // Enter was pressed before the results came
  const wanted = JSON.stringify(kinds);
  const take = (row) => {
    setText("");
    setFound(undefined);
    choose(row);
  };
  useEffect(() => {
    let current = true;
    setFound((before) => (isEnough(text.trim()) ? before : undefined));
    if (!isEnough(text.trim())) return undefined;
    const timer = setTimeout(async () => {
      const answer = await looked(text, JSON.parse(wanted));
      if (!current) return;
      setFound({ ...answer, text });
      setActive(0);
      if (entered.current && answer.rows.length) take(answer.rows[0]);
      entered.current = false;
    }, WAIT);
    return () => { current = false; clearTimeout(timer); };
  }, [text, wanted]);
  const rows = found?.rows ?? [];
  const press = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && rows.length) setActive((active + step + rows.length) % rows.length);
    else if (event.key === "Enter" && found?.text === text && rows.length) take(rows[active]);
    else if (event.key === "Enter") entered.current = isEnough(text.trim());
    else if (event.key === "Escape" && text) setText("");
    else return;
    event.preventDefault();
    event.stopPropagation(); // Escape leaves a form, too
  };
  const list = `${id}-results`;
  return html`<div class="combobox">
    <label class=${placeholder ? "hidden" : ""} for=${id}>${label}</label>
    <input id=${id} type="search" role="combobox" autocomplete="off" placeholder=${placeholder} value=${text} aria-expanded=${Boolean(found)} aria-controls=${list} aria-autocomplete="list"
      aria-activedescendant=${rows.length ? `${list}-${active}` : undefined} onInput=${(event) => { entered.current = false; setText(event.target.value); }} onKeyDown=${press} onBlur=${() => setFound(undefined)} />
    <ul id=${list} role="listbox" aria-label=${label} hidden=${!rows.length}>${rows.map((row, index) => html`
      <li id=${`${list}-${index}`} key=${row.id} role="option" aria-selected=${index === active} onMouseDown=${(event) => event.preventDefault()} onClick=${() => take(row)}>
        <${Name} of=${title(row)} /><span class="quiet"><bdi>${about(row).filter(Boolean).join(" · ")}</bdi></span></li>`)}</ul>
    <p class=${found && (found.message || !rows.length) ? "nothing" : "hidden"} role="status">${found ? found.message ?? (rows.length ? `${rows.length}${found.more ? " or more" : ""} found` : "Nothing found.") : ""}</p>
  </div>`;
}

async function looked(text, kinds) {
  try {
    const { search: { edges, pageInfo } } = await ask(SEARCH, { text, kinds });
    return { rows: edges.map(({ node }) => node).filter(Boolean), more: pageInfo.hasNextPage };
  } catch (error) {
    return { rows: [], message: error.message };
  }
}
