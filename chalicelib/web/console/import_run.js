// Send the records of a file in batches, one after another. After each, the position is saved: a tab that was closed in the
// middle goes on there, with the same Idempotency-Keys, so that no batch counts twice.
import { ask } from "./api.js";
import { settle } from "./import_conflicts.js";
import { keyOf } from "./import_records.js";
import { read } from "./import_source.js";
import { save } from "./import_store.js";

const RETRY = ["OFFLINE", "UNAVAILABLE", "CONFLICT", "INTERNAL", "IN_PROGRESS", "RATE_LIMITED"];
const TOO_LARGE = ["TOO_LARGE", "VARIABLES_TOO_LARGE"];
const MAX_ATTEMPTS = 6;
const MAX_GROUPS = 500; // in one batch, with those that are rejected before they are sent
const COMPARED = { customers: ["name", "phone", "phoneNote"], products: ["name", "price"], orders: [] };
const COUNTS = { created: 0, existing: 0, differing: 0, restored: 0, refunds: 0, rejected: 0, warned: 0 };
export const WALK_IN = "Walk-in";

export const newState = (id, name, as, chosen, orders, total) => ({
  id, name, as, chosen, orders, total, done: 0, cents: 0, fileCents: 0, statesTotals: false, counts: COUNTS, at: new Date().toISOString(), finished: false,
  run: Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join(""),
});

const pause = (attempt, code) => new Promise((done) => setTimeout(done, code === "IN_PROGRESS" ? 10_000 : Math.min(500 * 2 ** attempt, 15_000)));

async function persist(attempt) {
  for (let number = 1; ; number++) {
    try {
      return await attempt();
    } catch (error) {
      if (!RETRY.includes(error.code) || number === MAX_ATTEMPTS) throw error;
      await pause(number, error.code);
    }
  }
}

// Return a result for each record: {record, id, created, restored, existing, error}. Only rows with a transient error are sent again.
async function send(mutation, records, key, attempt = 1) {
  let data;
  try {
    data = await persist(() => ask(mutation.document, { input: records.map(({ input }) => input) }, `${key}-${attempt}`));
  } catch (error) {
    if (!TOO_LARGE.includes(error.code)) throw error;
    if (records.length === 1) return [{ record: records[0], error: { code: error.code, message: error.message } }];
    const middle = Math.ceil(records.length / 2);
    return [...await send(mutation, records.slice(0, middle), `${key}a`), ...await send(mutation, records.slice(middle), `${key}b`)];
  }
  const results = data[mutation.name].results.map((result) => ({ ...result, record: records[result.index] }));
  const again = attempt < MAX_ATTEMPTS ? results.filter(({ error }) => RETRY.includes(error?.code)) : [];
  if (!again.length) return results;
  await pause(attempt);
  return [...results.filter((result) => !again.includes(result)), ...await send(mutation, again.map(({ record }) => record), key, attempt + 1)];
}

// What the file says otherwise than a row that was there before. An empty cell says nothing.
function differences(kind, { record: { input }, existing, error }) {
  const isSame = (field) => (field === "price" ? Number(existing[field]) === Number(input[field]) : existing[field] === input[field]);
  // A customer whose address has changed is found by the reference.
  const compared = error.code === "DUPLICATE_REFERENCE" ? [...COMPARED[kind], "email"] : COMPARED[kind];
  return compared.filter((field) => input[field] && !isSame(field)).map((field) => `${field} is ${existing[field] ?? "empty"} in the CRM, and ${input[field]} in the file`);
}

const lostRefunds = (records, line) => records.filter(({ isRefund, lines }) => isRefund && lines[0] === line)
  .map(({ input }) => `Its refund ${input.reference} was not booked, because line ${line} was rejected`).join(". ");

// What the CRM lacks for an order: another file, whose row was rejected, may have it.
function neededBy(code, { input }) {
  if (code === "INVALID_CUSTOMER_ID") return { kind: "customers", texts: [input.customerEmail] };
  return code === "INVALID_PRODUCT_IDS" ? { kind: "products", texts: input.lines.map(({ sku }) => sku) } : undefined;
}

export class Import {
  // `report` is called whenever something has changed.
  constructor(file, source, rules, scanned, state, report) {
    Object.assign(this, { file, source, rules, scanned, state, report, isStopped: false, problem: null, isRunning: false });
  }

  get kind() { return this.state.as.kind; }

  stop() { this.isStopped = true; }

  async start() {
    Object.assign(this, { isStopped: false, problem: null, isRunning: true });
    this.report();
    try {
      // Without secure connection there are no locks. Then the keys of the batches prevent that one counts twice.
      await (navigator.locks ? navigator.locks.request(`import ${this.state.id}`, { ifAvailable: true }, (lock) => this.work(lock)) : this.work(true));
    } catch (error) {
      this.problem = error;
    }
    this.isRunning = false;
    this.report();
  }

  async work(lock) {
    if (!lock) throw new Error("Another tab is importing this file.");
    const { formats, addRounding } = this.scanned;
    const options = { ...this.state.orders, addRounding: this.state.orders.addRounding || Boolean(addRounding) };
    if (!this.state.done) await this.sendImplied(options);
    let batch = [];
    for await (const entries of read(this.file, this.source, this.rules, { formats, options, done: this.state.done })) {
      for (const entry of entries) {
        if (this.isFull(batch, entry)) {
          await this.flush(batch);
          batch = [];
          if (this.isStopped) return;
        }
        batch.push(entry);
      }
    }
    await this.flush(batch);
    this.state = { ...this.state, finished: true };
    await save(this.state);
  }

  // A row that stands in no file: the product of charges, the customer of orders without an e-mail address.
  async sendImplied({ walkIn }) {
    const { product } = this.scanned;
    const { customers, products } = this.rules.mutations;
    if (product) await send(products, [{ input: product }], `${this.state.run}-product`);
    if (walkIn && this.kind === "orders") await send(customers, [{ input: { name: WALK_IN, email: walkIn } }], `${this.state.run}-walk-in`);
  }

  // Rows that may be one customer or product are never sent together, so that the first one in the file counts.
  isFull(batch, entry) {
    const { records, lines } = this.rules.mutations[this.kind];
    const all = [...batch, entry].flatMap((each) => each.records ?? []);
    const key = entry.records && this.kind !== "orders" && keyOf(this.kind, entry.group[0].values);
    return batch.length > 0 && (batch.length === MAX_GROUPS || all.length > records || all.reduce((sum, each) => sum + each.lines.length, 0) > lines
      || Boolean(key && batch.some(({ group, records: sent }) => sent && keyOf(this.kind, group[0].values) === key)));
  }

  // A refund follows its order, and is refused with it. The rejected order says so.
  async sendBatch(records) {
    const mutation = this.rules.mutations[this.kind];
    const look = (query, variables) => persist(() => ask(query, variables));
    const part = async (chosen, key) => {
      const results = chosen.length ? await send(mutation, chosen, `${this.state.run}-${key}`) : [];
      const book = async (record) => (await send(mutation, [record], `${this.state.run}-${key}-${record.input.reference}`))[0];
      for (let at = 0; at < results.length; at++) results[at] = await settle(results[at], look, book);
      return results;
    };
    const results = await part(records.filter(({ isRefund }) => !isRefund), this.state.done);
    const refused = new Set(results.filter(({ error }) => error).map(({ record }) => record.lines[0]));
    const refunds = records.filter(({ isRefund, lines }) => isRefund && !refused.has(lines[0]));
    for (const result of results) if (result.error) result.because = lostRefunds(records, result.record.lines[0]);
    return [...results, ...await part(refunds, `${this.state.done}-refunds`)];
  }

  async flush(batch) {
    const results = await this.sendBatch(batch.flatMap((entry) => entry.records ?? []));
    const state = { ...this.state, counts: { ...this.state.counts }, done: this.state.done + batch.length };
    const cells = new Map(batch.flatMap(({ group }) => group.map((row) => [row.line, row.cells])));
    const rows = [];
    const reject = (lines, code, reason, more = {}) => {
      state.counts.rejected += 1;
      for (const line of lines) rows.push({ what: "reject", line, text: "", code, reason, cells: cells.get(line), ...more });
    };
    const warn = (line, warnings) => {
      state.counts.warned += warnings.length > 0;
      for (const text of warnings) rows.push({ what: "warning", line, text });
    };
    for (const entry of batch) if (entry.reject) reject(entry.group.map(({ line }) => line), entry.reject.code, entry.reject.reason);
    for (const result of results) this.count(state, result, reject, warn);
    await save(state, rows);
    this.state = state;
    this.report();
  }

  count(state, result, reject, warn) {
    const { record, error, existing } = result;
    state.fileCents += record.stated ?? record.cents;
    state.statesTotals ||= record.stated !== undefined;
    const isThere = error && existing && this.rules.mutations[this.kind].existsCodes.includes(error.code);
    if (error && !isThere) {
      reject(record.lines, error.code, `${error.message}${error.field ? ` (${error.field})` : ""}`, { because: result.because, needs: neededBy(error.code, record) });
      return;
    }
    const differing = isThere ? differences(this.kind, result) : [];
    const what = record.isRefund ? "refunds" : result.restored ? "restored" : result.created ? "created" : differing.length ? "differing" : "existing";
    state.counts[what] += 1;
    state.cents += record.cents;
    warn(record.lines[0], [...record.warnings, ...differing]);
  }
}
