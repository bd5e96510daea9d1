// Take back some of an order: which products and how many, whether they return to stock, and why.
import { useChange } from "./api.js";
import { html, useRef, useState, useEffect } from "./html.js";
import { pageOf } from "./links.js";
import { Name, Problem, Table, money, notify } from "./parts.js";

const REFUND = `mutation RefundOrder($id: ID!, $lines: [OrderLineInput!]!, $restock: Boolean!, $reason: String!) {
  refundOrder(id: $id, lines: $lines, restock: $restock, reason: $reason) { order { id } }
}`;

// What credit notes have not taken back yet.
export function refundable(order) {
  const refunded = Object.fromEntries(order.refunded.map(({ productId, quantity }) => [productId, quantity]));
  return order.lines.map(({ productId: id, name, quantity, unitPrice }) => ({ id, name, unitPrice, left: quantity - (refunded[id] ?? 0) })).filter(({ left }) => left > 0);
}

const number = (text = "") => (text.trim() === "" ? 0 : /^\d{1,7}$/.test(text.trim()) ? Number(text) : NaN);
const wrongWith = ({ left }, text) => (number(text) <= left ? "" : `Enter a whole number, at most ${left}`);

export function Refund({ order, cancel }) {
  const lines = refundable(order);
  const [typed, setTyped] = useState({});
  const [restock, setRestock] = useState(true);
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState();
  const [busy, setBusy] = useState(false);
  const refund = useChange(REFUND);
  const form = useRef();
  useEffect(() => form.current.querySelector("input")?.focus(), []);
  const total = lines.reduce((sum, { id, unitPrice }) => sum + (number(typed[id]) || 0) * Number(unitPrice), 0);
  const all = () => setTyped(Object.fromEntries(lines.map(({ id, left }) => [id, String(left)])));

  const send = async () => {
    const wrong = lines.find((line) => wrongWith(line, typed[line.id]));
    if (wrong) throw new Error(`${wrong.name}: ${wrongWith(wrong, typed[wrong.id])}`);
    const chosen = lines.filter(({ id }) => number(typed[id]) > 0).map(({ id }) => ({ productId: id, quantity: number(typed[id]) }));
    if (!chosen.length) throw new Error("Enter a quantity for at least one product.");
    if (!reason.trim()) throw new Error("Give a reason.");
    const { refundOrder } = await refund({ id: order.id, lines: chosen, restock, reason: reason.trim() });
    notify("Credit note written");
    location.hash = pageOf(refundOrder.order.id);
  };
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await send();
    } catch (error) {
      setProblem(error.isInDoubt ? new Error(`${error.message} What you typed is kept. Press Refund again: the order is refunded only once.`) : error);
      setBusy(false);
    }
  };
  return html`
    <form class="form" aria-label="Refund" novalidate ref=${form} onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && cancel()}>
      <${Table} caption="What comes back" rows=${lines} columns=${[
        ["Product", ({ name }) => html`<${Name} of=${name} />`], ["Can be refunded", ({ left }) => left, "number"], ["Price", ({ unitPrice }) => money(unitPrice), "number"],
        ["Quantity", (line) => html`<input class="quantity" inputmode="numeric" autocomplete="off" placeholder="0" aria-label=${`Refund of ${line.name}`} aria-invalid=${Boolean(wrongWith(line, typed[line.id]))}
          value=${typed[line.id] ?? ""} onInput=${(event) => setTyped({ ...typed, [line.id]: event.target.value })} />`, "number"]]} />
      <div class="row add"><button type="button" onClick=${all}>All of it</button><p>Total refund <strong>${money(total)}</strong></p></div>
      <label class="choice"><input type="checkbox" checked=${restock} onChange=${(event) => setRestock(event.target.checked)} /> The products return to stock</label>
      <div class="field"><label for="refund-reason">Reason</label><input id="refund-reason" autocomplete="off" value=${reason} onInput=${(event) => setReason(event.target.value)} /></div>
      ${problem && html`<${Problem} error=${problem} />`}
      <div class="row actions"><button class="main" aria-busy=${busy}>Refund</button><button type="button" onClick=${cancel}>Cancel</button></div>
    </form>`;
}
