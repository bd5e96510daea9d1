// The lines of an order while they are edited: quantities, and products that a search adds.
import { html } from "./html.js";
import { RowLink } from "./links.js";
import { Table, money } from "./parts.js";
import { Search } from "./search.js";

const MOST = 1_000_000; // as many as the API takes

// `stock` is what the order may take at most: what is there, and what it has taken already.
export const lineOf = (product, quantity, unitPrice = product.price, taken = 0) =>
  ({ id: product.id, name: product.name, unitPrice, quantity: String(quantity), stock: product.stock == null ? null : product.stock + taken });

const number = ({ quantity }) => (/^[1-9]\d*$/.test(quantity.trim()) ? Number(quantity) : NaN);

export function wrongWith(line) {
  if (!(number(line) <= MOST)) return "Enter a whole number such as 3";
  return line.stock != null && number(line) > line.stock ? `Only ${line.stock} in stock` : "";
}

export const toInput = (lines) => lines.map((line) => ({ productId: line.id, quantity: number(line) }));
const sum = (line) => Number(line.unitPrice) * (number(line) || 0);

export function LineEditor({ lines, set }) {
  const change = (id, quantity) => set(lines.map((line) => (line.id === id ? { ...line, quantity } : line)));
  const add = (product) => {
    const known = lines.find(({ id }) => id === product.id);
    if (known) change(known.id, String((number(known) || 0) + 1));
    else set([...lines, lineOf(product, 1)]);
  };
  return html`
    <${Table} caption="Lines" rows=${lines} empty="No products yet." columns=${[
      ["Product", (line) => html`<${RowLink} row=${line} />`],
      ["Quantity", (line) => html`<${Quantity} line=${line} change=${change} />`, "number"],
      ["In stock", (line) => line.stock ?? "–", "number"],
      ["Price", (line) => money(line.unitPrice), "number"], ["Sum", (line) => money(sum(line)), "number"],
      ["", (line) => html`<button type="button" aria-label=${`Remove ${line.name}`} onClick=${() => set(lines.filter(({ id }) => id !== line.id))}>Remove</button>`]]} />
    <div class="row add"><${Search} id="add-product" label="Add a product" kinds=${["PRODUCT"]} choose=${add} />
      <p>Total <strong>${money(lines.reduce((total, line) => total + sum(line), 0))}</strong></p></div>`;
}

function Quantity({ line, change }) {
  const wrong = wrongWith(line);
  return html`<input class="quantity" inputmode="numeric" autocomplete="off" aria-label=${`Quantity of ${line.name}`} aria-invalid=${Boolean(wrong)} value=${line.quantity}
      onFocus=${(event) => event.target.select()} onInput=${(event) => change(line.id, event.target.value)} />
    ${wrong && html`<p class="wrong">${wrong}</p>`}`;
}
