// Products that are low on stock, and buttons to restock them.
import { useChange, useQuery } from "./api.js";
import { html } from "./html.js";
import { RowLink } from "./links.js";
import { Action, Name, Shown, Table, isolated, money, notify } from "./parts.js";
import { may } from "./session.js";

const LOW = `query Low {
  lowStockProducts(first: 100) { edges { node { id name sku price stock } } pageInfo { hasNextPage } }
}`;
const RESTOCK = `mutation Restock($ids: [ID!]) { updateLowStockProducts(ids: $ids) { restocked { stock product { id name } } } }`;

export function LowStock() {
  const asked = useQuery(LOW);
  const restockAll = useChange(RESTOCK);
  const restock = async (products) => {
    const data = await restockAll({ ids: products.map(({ id }) => id) });
    const done = data.updateLowStockProducts.restocked;
    notify(done.length === 1 ? `${isolated(done[0].product.name)}: ${done[0].stock} in stock` : `${done.length} products restocked`);
    await asked.reload();
  };
  return html`<h1>Low stock</h1>
    <${Shown} of=${asked}>${({ lowStockProducts: { edges, pageInfo } }) => {
      const products = edges.map(({ node }) => node);
      return html`
        ${may("EDITOR") && products.length > 1 && html`<div class="row actions"><${Action} kind="main" act=${() => restock(products)} label=${`Restock all ${products.length}`} /></div>`}
        <${Table} caption="Products low on stock" rows=${products} empty=${html`No product is low on stock. <a href="#/products?orderBy=stock">See those with the least</a>.`} columns=${[
          ["Product", (row) => html`<${RowLink} row=${row} />`], ["SKU", (row) => html`<${Name} of=${row.sku ?? "–"} />`], ["Price", (row) => money(row.price), "number"], ["Stock", (row) => row.stock, "number"],
          ["", (row) => may("EDITOR") && html`<${Action} act=${() => restock([row])} label="Restock" name=${`Restock ${row.name}`} />`]]} />
        ${pageInfo.hasNextPage && html`<p class="quiet">… and more. The job low_stock restocks all of them.</p>`}`;
    }}<//>`;
}
