// One file that is imported: look through it once to see how it is written, then read it again, row by row.
import { Mapping, recognise } from "./import_mapping.js";
import { toRecords } from "./import_records.js";
import { FileProblem } from "./import_rows.js";
import { openTable } from "./import_text.js";
import { Evidence, Invalid } from "./import_values.js";

const SHOWN_ROWS = 10;
const NOT_CSV = [
  [/^PK\x03\x04/, (name) => `${name} is an Excel workbook. Save its sheet as CSV, or import it in a terminal: crmctl import ${name}`],
  [/^SQLite format 3/, (name) => `${name} is a database. Import it in a terminal: crmctl import --from django ${name}`],
  [/^\s*[[{]/, (name) => `${name} is JSON. Import the dump of a Django CRM in a terminal: crmctl import --from django ${name}`],
];

// Return {form, columns, rows, as}. `chosen` has what the user says: encoding, delimiter, and `as`, the {kind, preset} of the file.
export async function open(file, rules, chosen = {}) {
  const start = new TextDecoder("latin1").decode(await file.slice(0, 64).arrayBuffer());
  const other = NOT_CSV.find(([pattern]) => pattern.test(start));
  if (other) throw new FileProblem(other[1](file.name));
  const table = await openTable(file, chosen);
  return { ...table, as: chosen.as ?? recognise(file.name, table.columns, rules) };
}

async function* mappedRows(source, mapping) {
  for await (const rows of source.rows()) yield rows.map((row) => mapping.read(row)).filter(Boolean);
}

// Yields lists of groups. The rows of a group are one customer, product or order.
async function* groupsOf(source, mapping) {
  let group = [];
  for await (const rows of mappedRows(source, mapping)) {
    const groups = [];
    for (const row of rows) {
      const reference = mapping.kind === "orders" && row.values.order_ref;
      if (group.length && !(reference && reference === group[0].values.order_ref)) {
        groups.push(group);
        group = [];
      }
      group.push(row);
    }
    yield groups;
  }
  if (group.length) yield [group];
}

// 53 bits of a text: a million of them differ, and take less memory than the texts.
function digest(text) {
  let one = 0xdeadbeef, two = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    one = Math.imul(one ^ text.charCodeAt(at), 2654435761);
    two = Math.imul(two ^ text.charCodeAt(at), 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909);
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return 4294967296 * (2097151 & two) + (one >>> 0);
}

// Return what the whole file shows: formats, number of rows and groups, the first groups, ignored columns. `user` says how numbers and
// dates are written, `currency` is that of the CRM, and `progress(rows)` is called on the way.
export async function scan(file, source, rules, { user = {}, currency = "", progress = () => {} } = {}) {
  const mapping = new Mapping(file.name, source.columns, source.as, rules);
  const evidence = new Evidence();
  const found = { rows: 0, groups: 0, first: [], shown: 0 };
  const seen = new Set();
  for await (const groups of groupsOf(source, mapping)) {
    for (const group of groups) {
      for (const { values } of group) evidence.note(values, mapping.fields);
      if (mapping.kind === "orders" && group[0].values.order_ref) refuseScattered(file, group, seen);
      if (found.shown < SHOWN_ROWS) found.first.push(group);
      found.shown += group.length;
      found.rows += group.length;
      found.groups += 1;
    }
    progress(found.rows);
  }
  if (!found.rows) throw new FileProblem(`${file.name} has a header but no rows.`);
  if (currency) mapping.checkCurrency(currency);
  const { ignored, skipped, rules: { product }, rules: { add_rounding: addRounding } } = mapping;
  const columns = mapping.expressions.map(([field, { text }]) => [field, text]);
  return { ...found, ignored, skipped, product, addRounding, columns, fields: mapping.fields, formats: evidence.formats(mapping.options, user) };
}

function refuseScattered(file, [{ line, values: { order_ref: reference } }], seen) {
  const mark = digest(reference);
  if (seen.has(mark)) {
    throw new FileProblem(`The rows of order ${reference} are not together: see line ${line}. Sort the file by order, or import it in a terminal: crmctl import ${file.name}`);
  }
  seen.add(mark);
}

// The records of a group, or why it is rejected: {records} or {reject}.
export function convert(kind, group, formats, options) {
  try {
    return { records: toRecords(kind, group, formats, options) };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return { reject: { code: error.code, reason: error.message } };
  }
}

// Yields {group, records, reject} of all groups but the first `done`, in lists.
export async function* read(file, source, rules, { formats, options, done = 0 }) {
  const mapping = new Mapping(file.name, source.columns, source.as, rules);
  let passed = 0;
  for await (const groups of groupsOf(source, mapping)) {
    const left = groups.slice(Math.max(done - passed, 0));
    passed += groups.length;
    yield left.map((group) => ({ group, ...convert(mapping.kind, group, formats, options) }));
  }
}
