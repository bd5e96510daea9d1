// Place an order, and change the lines of one.
import { ask, useChange, useQuery } from "./api.js";
import { Form } from "./form.js";
import { html, useRef, useState } from "./html.js";
import { RowLink, pageOf } from "./links.js";
import { LineEditor, lineOf, toInput, wrongWith } from "./order_lines.js";
import { Name, Shown, money, notify, useTitle } from "./parts.js";
import { Search } from "./search.js";

const LINES = `query LinesOfOrder($id: ID!) {
  order(id: $id) { id totalAmount status lines { productId name quantity unitPrice product { id stock } } }
}`;
const UPDATE = `mutation UpdateOrder($id: ID!, $lines: [OrderLineInput!]!, $expectedTotal: Decimal) {
  updateOrder(id: $id, lines: $lines, expectedTotal: $expectedTotal) { order { id } }
}`;
const CREATE = `mutation CreateOrder($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }`;
const CUSTOMER = `query NameOfCustomer($id: ID!) { customer(id: $id) { id name } }`;

function check(lines) {
  if (!lines.length) throw new Error("Add a product first.");
  const wrong = lines.find(wrongWith);
  if (wrong) throw new Error(`${wrong.name}: ${wrongWith(wrong)}`);
}

const editable = ({ lines }) => lines.map(({ productId, name, quantity, unitPrice, product }) =>
  lineOf({ id: productId, name, stock: product?.stock }, quantity, unitPrice, quantity));
const content = ({ lines }) => JSON.stringify(lines.map(({ productId, quantity }) => [productId, quantity]));

export function EditOrder({ id, done, cancel }) {
  const asked = useQuery(LINES, { id });
  return html`<${Shown} of=${asked}>${({ order }) => html`<${Editor} order=${order} done=${done} cancel=${cancel} />`}<//>`;
}

function Editor({ order, done, cancel }) {
  const [lines, setLines] = useState(editable(order));
  const [theirs, setTheirs] = useState();
  const seen = useRef(order);
  const update = useChange(UPDATE);
  // Stop at what somebody else has written since, and show it. Saving again then replaces it.
  const look = async () => {
    const now = (await ask(LINES, { id: order.id })).order;
    const changed = content(now) !== content(seen.current);
    seen.current = now;
    setTheirs(changed ? now : undefined);
    return changed;
  };
  const save = async () => {
    check(lines);
    if (await look()) return;
    try {
      await update({ id: order.id, lines: toInput(lines), expectedTotal: seen.current.totalAmount });
    } catch (error) {
      if (error.code === "CONFLICT" && (await look())) return;
      throw error;
    }
    notify("Saved");
    await done();
  };
  const take = () => { setLines(editable(theirs)); setTheirs(undefined); };
  return html`<${Form} label="Lines of the order" fields=${[]} values=${{}} save=${save} cancel=${cancel}>
    <${LineEditor} lines=${lines} set=${setLines} />
    ${theirs && html`<div class="note bad" role="alert"><p>Somebody has changed this order meanwhile. It is now: <${Name} of=${inWords(theirs)} />. Save again to replace it with yours.</p>
      <button type="button" onClick=${take}>Take theirs</button></div>`}
  <//>`;
}

const inWords = ({ lines, totalAmount }) => `${lines.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ")}, ${money(totalAmount)}`;

export function NewOrder({ query }) {
  useTitle("New order");
  const asked = useQuery(CUSTOMER, { id: query.customer ?? "" });
  const [chosen, setChosen] = useState();
  const [lines, setLines] = useState([]);
  const create = useChange(CREATE);
  const customer = chosen ?? asked.data?.customer;
  const save = async () => {
    if (!customer) throw new Error("Choose a customer first.");
    check(lines);
    const { createOrder: { order } } = await create({ input: { customerId: customer.id, lines: toInput(lines) } });
    notify("Order placed");
    location.hash = pageOf(order.id);
  };
  return html`<p><a href="#/orders">Orders</a></p><h1>New order</h1>
    <section class="card"><${Form} label="New order" fields=${[]} values=${{}} save=${save} submit="Place order" cancel=${() => history.back()}>
      <div class="row add customer"><${Search} id="choose-customer" label="Customer" kinds=${["CUSTOMER"]} choose=${setChosen} />
        <p role="status">${customer ? html`For <strong><${RowLink} row=${customer} /></strong>` : html`<span class="quiet">Nobody is chosen yet.</span>`}</p></div>
      <${LineEditor} lines=${lines} set=${setLines} />
    <//></section>`;
}
