// One product: price, stock, orders, history. And a new product.
import { useChange, useQuery } from "./api.js";
import { Confirm } from "./confirm.js";
import { Form, isAmount, isFilled, isWhole } from "./form.js";
import { History } from "./history.js";
import { html, useState } from "./html.js";
import { pageOf } from "./links.js";
import { OrdersOfProduct } from "./orders.js";
import { Name, Shown, isolated, money, notify, useTitle } from "./parts.js";
import { may } from "./session.js";

const ONE = `query Product($id: ID!) { product(id: $id) { id name sku price stock archived createdBy updatedAt } }`;
const CREATE = `mutation CreateProduct($input: CreateProductInput!) { createProduct(input: $input) { product { id } } }`;
const UPDATE = `mutation UpdateProduct($id: ID!, $input: UpdateProductInput!, $expectedUpdatedAt: DateTime) { updateProduct(id: $id, input: $input, expectedUpdatedAt: $expectedUpdatedAt) { product { id } } }`;
const ADJUST = `mutation AdjustStock($productId: ID!, $delta: Int!, $reason: String!) {
  adjustStock(productId: $productId, delta: $delta, reason: $reason) { product { stock } }
}`;
const DELETE = `mutation DeleteProduct($id: ID!) { deleteProduct(id: $id) { archived } }`;
const FIELDS = [
  { name: "name", label: "Name", check: isFilled }, { name: "sku", label: "SKU", hint: "May be empty." },
  { name: "price", label: "Price", inputmode: "decimal", check: isAmount },
];
const STOCK = { name: "stock", label: "Stock", inputmode: "numeric", check: (text) => (/^\d{1,9}$/.test(text.trim()) ? "" : "Enter a whole number such as 10") };
const ADJUSTMENT = [
  { name: "delta", label: "Add or take away", inputmode: "text", hint: "5 adds five pieces, -2 takes two away.", check: isWhole },
  { name: "reason", label: "Reason", hint: "It is kept in the history.", check: isFilled },
];
// An empty SKU is none.
const input = ({ sku, ...rest }) => (sku === undefined ? rest : { ...rest, sku: sku.trim() || null });

export function Product({ id, query }) {
  const asked = useQuery(ONE, { id });
  const [version, setVersion] = useState(0);
  const reload = async () => { await asked.reload(); setVersion(version + 1); };
  return html`<p><a href="#/products">Products</a></p>
    <${Shown} of=${asked}>${({ product }) => product
      ? html`<${Details} product=${product} reload=${reload} /><h2>Orders</h2><${OrdersOfProduct} id=${id} query=${query} />`
      : html`<h1>No such product</h1><p>It may have been deleted.</p>`}<//><${History} id=${id} version=${version} />`;
}

function Details({ product, reload }) {
  const [mode, setMode] = useState("");
  const update = useChange(UPDATE);
  const adjust = useChange(ADJUST);
  const remove = useChange(DELETE);
  const { id } = product;
  useTitle(product.name);
  const close = () => setMode("");
  const save = async (changed, expectedUpdatedAt) => {
    if (Object.keys(changed).length) {
      await update({ id, input: input(changed), expectedUpdatedAt });
      notify("Saved");
      await reload();
    }
    close();
  };
  const saveStock = async ({ delta, reason }) => {
    const { adjustStock } = await adjust({ productId: id, delta: Number(delta), reason });
    notify(`${adjustStock.product.stock} in stock`);
    await reload();
    close();
  };
  const drop = async () => {
    const { deleteProduct: { archived } } = await remove({ id });
    notify(`${isolated(product.name)} ${archived ? "archived" : "deleted"}`);
    await reload();
  };
  return html`
    <div class="row heading"><h1><${Name} of=${product.name} /></h1>
      ${may("EDITOR") && !product.archived && (mode === "" || mode === "archive") && html`<div class="row screen-only"><button class="main" onClick=${() => setMode("edit")}>Edit</button>
        <button onClick=${() => setMode("stock")}>Adjust stock</button><button onClick=${() => setMode("archive")}>Archive</button></div>`}</div>
    <section class="card" aria-label="Product">
      ${mode === "edit" && html`<${Form} label="Product" fields=${FIELDS} values=${product} save=${save} cancel=${close} />`}
      ${mode === "stock" && html`<p>In stock: <strong>${product.stock}</strong></p>
        <${Form} label="Adjust stock" fields=${ADJUSTMENT} values=${{}} save=${saveStock} cancel=${close} submit="Adjust" />`}
      ${(mode === "" || mode === "archive") && html`
        ${product.archived && html`<p class="note">Archived: it is in no list and cannot be ordered.</p>`}
        <dl class="fields">
          <div><dt>Price</dt><dd>${money(product.price)}</dd></div><div><dt>Stock</dt><dd>${product.stock}</dd></div>
          <div><dt>SKU</dt><dd><${Name} of=${product.sku ?? "–"} /></dd></div>
          ${product.createdBy && html`<div><dt>Created by</dt><dd><bdi>${product.createdBy}</bdi></dd></div>`}
        </dl>`}
    </section>
    ${mode === "archive" && html`<${Confirm} title="Archive this product?" label="Archive" act=${drop} close=${close}>
      <p><${Name} of=${product.name} /> is then in no list and cannot be ordered. Existing orders keep it. A product without orders is deleted.</p><//>`}`;
}

export function NewProduct() {
  const create = useChange(CREATE);
  const save = async ({ stock, ...rest }) => {
    const { createProduct: { product } } = await create({ input: { ...input(rest), stock: Number(stock) } });
    notify("Created");
    location.hash = pageOf(product.id);
  };
  return html`<p><a href="#/products">Products</a></p><h1>New product</h1>
    <section class="card"><${Form} label="New product" fields=${[...FIELDS, STOCK]} values=${{}} save=${save} submit="Create" cancel=${() => { location.hash = "#/products"; }} /></section>`;
}
