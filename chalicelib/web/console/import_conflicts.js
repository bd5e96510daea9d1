// Orders that conflict with what the CRM has of them, and are right all the same: as crmctl does, accept a net order that was
// refunded since, and book what is missing of a refund that has grown.
import { normalize } from "./import_values.js";

const ORDER = `query ImportedOrder($reference: String!) {
  order(reference: $reference) { id orderDate totalAmount customer { email } lines { quantity } adjustments { kind } }
}`;
const MAX_PARTS = 20;
const DAY_LENGTH = "2025-03-31".length;
const FARTHEST_ZONE = 14 * 3_600_000; // milliseconds
const REMEDY = "what is booked as its refund is more than the file says: correct the file, or book the difference by hand";

const centsOf = ({ totalAmount }) => Math.round(Number(totalAmount) * 100);
const isOfSameCustomer = ({ customer }, { input }) => !customer || normalize(customer.email) === normalize(input.customerEmail);
const isPart = (order, refund) => isOfSameCustomer(order, refund) && !order.lines.length && order.adjustments.length === 1 && order.adjustments[0].kind === "REFUND";

// A day without a time begins at midnight where the company is.
function isSameTime(stored, text) {
  const between = Math.abs(Date.parse(stored) - Date.parse(text));
  return text.length === DAY_LENGTH ? between <= FARTHEST_ZONE : between === 0;
}

// `ask(query, variables)` asks the API; `book(record)` sends one record, and returns its result.
export async function settle(result, ask, book) {
  const { record, error } = result;
  if (error?.code !== "REFERENCE_CONFLICT" || !(record.isNet || record.isRefund)) return result;
  return record.isRefund ? completed(result, ask, book) : accepted(result, ask);
}

async function accepted(result, ask) {
  const { record } = result;
  const { order } = await ask(ORDER, { reference: record.input.reference });
  const isSame = order && isOfSameCustomer(order, record) && isSameTime(order.orderDate, record.input.orderDate) && centsOf(order) === record.cents;
  return isSame ? { record, id: order.id, created: false, error: null } : result;
}

async function completed(result, ask, book) {
  const { record } = result;
  const { reference } = record.input;
  const partName = (number) => (number === 1 ? reference : `${reference}-${number}`);
  const parts = [];
  for (let found; parts.length < MAX_PARTS && (found = (await ask(ORDER, { reference: partName(parts.length + 1) })).order); ) parts.push(found);
  const booked = parts.reduce((total, part) => total + centsOf(part), 0);
  if (!parts.length || parts.length === MAX_PARTS || booked < record.cents || !parts.every((part) => isPart(part, record))) {
    return { ...result, error: { ...result.error, message: `${result.error.message}; ${REMEDY}` } };
  }
  if (booked === record.cents) return { record, id: parts[0].id, created: false, error: null };
  const missing = record.cents - booked;
  const input = { ...record.input, reference: partName(parts.length + 1), adjustments: [{ kind: "REFUND", amount: (missing / 100).toFixed(2) }] };
  return { ...await book({ ...record, input, cents: missing }), record };
}
