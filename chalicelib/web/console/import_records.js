// Turn rows into the inputs of the API, as crmctl does. A record is {input, lines, warnings, cents, stated}.
import { SUM } from "./import_mapping.js";
import { Invalid, decimalOf, fitSku, fractionOf, integerOf, momentOf, normalize, phoneOf } from "./import_values.js";

const AMOUNTS = { discount: "DISCOUNT", shipping: "SHIPPING", tax: "TAX", rounding: "ROUNDING" };
const MAYBE_INCLUDED = [[], ["tax"], ["discount"], ["tax", "discount"]]; // what the prices of the lines may contain already
const MAX_REFERENCE = 64; // characters
const PLACES = 8;
const ONE = 10n ** BigInt(PLACES);

// Amounts are whole numbers of a hundred-millionth: numbers of JavaScript are not exact.
function exact(text) {
  const [, sign, whole, rest = ""] = /^([+-]?)(\d*)\.?(\d*)$/.exec(text);
  const value = BigInt(whole + rest.slice(0, PLACES).padEnd(PLACES, "0"));
  return sign === "-" ? -value : value;
}

const abs = (value) => (value < 0n ? -value : value);
const sum = (values) => Object.values(values).reduce((total, each) => total + each, 0n);
const cents = (value) => Number(halfUp(value, ONE / 100n) / (ONE / 100n));

function toText(value) {
  const digits = String(abs(value)).padStart(PLACES + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -PLACES)}.${digits.slice(-PLACES).replace(/0+$/, "").padEnd(2, "0")}`;
}

function halfUp(value, unit) {
  const rounded = ((abs(value) * 2n + unit) / (2n * unit)) * unit;
  return value < 0n ? -rounded : rounded;
}

// The key of a row: rows of one order have the same, and records with the same are never sent at the same time.
export const KEYS = { customers: "email", products: "sku", orders: "order_ref" };
export const keyOf = (kind, values) => (kind === "orders" ? values.order_ref : normalize(values[KEYS[kind]]));

// `rows` are all rows of one customer, product or order. `options` are {roundQuantities, addRounding, walkIn}. Throws Invalid.
export function toRecords(kind, rows, formats, options = {}) {
  if (kind === "orders") return orderRecords(rows, formats, options);
  const [{ line, values }] = rows;
  const warnings = [];
  const input = kind === "customers" ? customer(values, formats, warnings) : product(values, formats, warnings);
  return [{ input, lines: [line], warnings, cents: 0 }];
}

function customer(values, { dates }, warnings) {
  const { phone, note, warning } = phoneOf(values.phone ?? "", values.phone_note ?? "");
  if (warning) warnings.push(warning);
  const input = { name: values.name, email: values.email, phone, ...(note && { phoneNote: note }) };
  if (values.created_at) input.createdAt = momentOf("created_at", values.created_at, dates).at;
  if (values.reference && [...values.reference].length <= MAX_REFERENCE) input.reference = values.reference;
  else if (values.reference) warnings.push(`reference ${values.reference} is too long and was left out`);
  return input;
}

function product(values, formats, warnings) {
  if (!values.sku) throw new Invalid("MISSING_SKU", "sku is empty; without an SKU a repeated import would create the product again");
  const sku = fitSku(values.sku);
  if (sku !== values.sku) warnings.push(`sku ${values.sku} is too long and was shortened to ${sku}`);
  const input = { sku, name: values.name, price: decimalOf("price", values.price, formats) };
  if (values.stock) {
    // Several columns, such as one for each location, are added up.
    const stock = values.stock.split(SUM).reduce((total, text) => total + integerOf("stock", text, formats), 0);
    integerOf("stock", String(stock), { decimal: ".", thousands: "", currency: "" }); // the sum is in the range of the API, too
    if (stock < 0) warnings.push(`stock ${stock} is taken as 0`); // shops that sell more than they have write it so
    input.stock = Math.max(stock, 0);
  }
  return input;
}

function checkSame(what, values) {
  const other = values.find(([, value]) => value !== values[0][1]);
  if (other) throw new Invalid("INCONSISTENT_ORDER", `Lines ${values[0][0].line} and ${other[0].line} have a different ${what}`);
}

function orderRecords(rows, formats, options) {
  const reference = rows[0].values.order_ref;
  if (!reference) throw new Invalid("MISSING_REFERENCE", "order_ref is empty");
  const order = { warnings: [], rounding: 0n };
  const lines = [], dates = [];
  for (const row of rows) {
    try {
      lines.push(...linesOf(row.values, formats, options, order));
      if (row.values.order_date || (!dates.length && row === rows.at(-1))) dates.push([row, momentOf("order_date", row.values.order_date, formats.dates)]);
    } catch (error) {
      if (error instanceof Invalid) throw new Invalid(error.code, `Line ${row.line}: ${error.message}`);
      throw error;
    }
  }
  checkSame("date", dates.map(([row, { day }]) => [row, day]));
  // Some shops book the lines of one order minutes apart. The order was made when the first of them was.
  const first = dates.map(([, { at }]) => at).reduce((least, at) => (Date.parse(at) < Date.parse(least) ? at : least));
  const content = { reference, customerEmail: emailOf(rows, options), orderDate: first };
  const amount = (name) => amountOf(rows, name, formats);
  const refund = refundOf(rows, content, amount("refund"), formats);
  if (!lines.length && !refund && rows.some(({ values }) => values.net_quantity)) {
    throw new Invalid("MISSING_REFUND", "all pieces of the order were refunded, but no refund is stated; also export the column of refunds, such as Order Refund Amount");
  }
  // An order may have only a total: then it is one, whatever was refunded.
  const isRefundOnly = !lines.length && refund && ![...Object.keys(AMOUNTS), "total", "net_total"].some((name) => amount(name));
  return [...(isRefundOnly ? [] : [orderRecord(rows, content, lines, amount, order, options)]), ...(refund ? [refund] : [])];
}

function emailOf(rows, { walkIn }) {
  const found = rows.filter(({ values }) => values.customer_email);
  checkSame("customer", found.map((row) => [row, normalize(row.values.customer_email)]));
  const email = found[0]?.values.customer_email || walkIn;
  if (!email) throw new Invalid("MISSING_CUSTOMER", "the order has no e-mail address; the options can book it to a customer");
  return email;
}

// A row with nothing but amounts of the order has no line.
function linesOf(values, formats, options, order) {
  const isAmountOnly = !["sku", "quantity", "unit_price"].some((name) => values[name]) && [...Object.keys(AMOUNTS), "total", "net_total", "refund"].some((name) => values[name]);
  if (isAmountOnly) return [];
  if (!values.sku) throw new Invalid("MISSING_SKU", "sku is empty; every line needs a product");
  const unitPrice = decimalOf("unit_price", values.unit_price, formats);
  const text = fractionOf("quantity", values.quantity, formats);
  const quantity = text === null ? integerOf("quantity", values.quantity, formats) : rounded(text, unitPrice, values.quantity, options, order);
  if (!quantity && values.net_quantity) {
    order.warnings.push(`all pieces of ${values.sku} were refunded; the order has no line for them`);
    return [];
  }
  return [{ sku: fitSku(values.sku), quantity, unitPrice }];
}

function rounded(text, unitPrice, original, { roundQuantities }, order) {
  if (!roundQuantities) throw new Invalid("FRACTIONAL_QUANTITY", `quantity ${original} is not a whole number; the options can round it`);
  const value = exact(text);
  const whole = halfUp(abs(value), ONE) || ONE;
  const quantity = Number(whole / ONE) * (value > 0n ? 1 : -1);
  order.rounding += halfUp(((value - BigInt(quantity) * ONE) * exact(unitPrice)) / ONE, ONE / 100n);
  order.warnings.push(`quantity ${original} was rounded to ${quantity}; an adjustment keeps the amount`);
  return quantity;
}

// Amounts of an order stand in its first row, or in all.
function amountOf(rows, name, formats) {
  const text = rows.map(({ values }) => values[name]).find(Boolean);
  return text ? exact(decimalOf(name, text, formats)) : null;
}

function refundOf(rows, content, amount, { dates }) {
  if (!amount) return null;
  const text = rows.map(({ values }) => values.refund_date).find(Boolean);
  const input = {
    ...content, reference: `${content.reference}-refund`, orderDate: text ? momentOf("refund_date", text, dates).at : content.orderDate,
    lines: [], adjustments: [{ kind: "REFUND", amount: toText(-abs(amount)) }],
  };
  return { input, lines: rows.map(({ line }) => line), warnings: [], isRefund: true, cents: cents(-abs(amount)) };
}

// The lines lack the pieces that were refunded if the file has no other quantity than the net one.
function isNet(rows) {
  const found = rows.filter(({ values }) => values.net_quantity);
  return found.length > 0 && found.every(({ values }) => values.net_quantity === values.quantity);
}

// Tax and discount may be part of the prices: the total shows it.
function orderRecord(rows, content, lines, amount, order, { addRounding }) {
  const net = lines.reduce((total, { quantity, unitPrice }) => total + BigInt(quantity) * exact(unitPrice), 0n);
  let amounts = Object.fromEntries(Object.keys(AMOUNTS).map((name) => [name, amount(name)]).filter(([, value]) => value));
  if (amounts.discount) amounts.discount = -abs(amounts.discount);
  if (order.rounding) amounts.rounding = (amounts.rounding ?? 0n) + order.rounding;
  const refunded = abs(amount("refund") ?? 0n);
  const netTotal = amount("net_total");
  const stated = amount("total") ?? (netTotal === null ? null : netTotal + refunded);
  if (stated !== null) {
    const without = (names) => Object.fromEntries(Object.entries(amounts).filter(([name]) => !names.includes(name)));
    amounts = MAYBE_INCLUDED.map(without).find((chosen) => sum(chosen) === stated - net) ?? amounts;
    const missing = stated - net - sum(amounts);
    const isKept = isNet(rows) && missing > 0n && missing <= refunded;
    if (missing && (addRounding || isKept)) amounts.rounding = (amounts.rounding ?? 0n) + missing;
    if (isKept) order.warnings.push(`${toText(missing)} of the total is kept as an adjustment: its pieces were refunded`);
  }
  const total = net + sum(amounts);
  if (stated !== null && stated !== total) order.warnings.push(`total ${toText(stated)} in the file, but its lines and adjustments are ${toText(total)}`);
  const adjustments = Object.entries(amounts).filter(([, value]) => value).map(([name, value]) => ({ kind: AMOUNTS[name], amount: toText(value) }));
  const input = { ...content, lines, ...(adjustments.length && { adjustments }) };
  return { input, lines: rows.map(({ line }) => line), warnings: order.warnings, isNet: isNet(rows), cents: cents(total), stated: stated === null ? undefined : cents(stated) };
}
