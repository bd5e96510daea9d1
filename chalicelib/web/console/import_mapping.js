// Recognise a table by its columns, and turn its rows into fields. Presets and fields are those of crmctl (import_rules.json).
import { FileProblem } from "./import_rows.js";
import { normalize } from "./import_values.js";

const OWN = "crmctl";
export const SUM = " + "; // between the texts of several columns
const columnKey = (name) => normalize(name.replaceAll("_", " "));

class UnknownColumn extends Error {}

// Split at the marks that do not stand in quotes. A single apostrophe is part of a name.
const split = (text, mark) => (text.split("'").length % 2 ? text.split(new RegExp(`[${mark}](?=(?:[^']*'[^']*')*[^']*$)`)) : text.split(mark));

function term(text, keys) {
  const constant = /^'([^']*)'$/.exec(text.trim());
  if (constant) return { constant: constant[1], columns: [] };
  const key = columnKey(text);
  const fits = key.endsWith("*") ? (each) => each.startsWith(key.slice(0, -1)) : (each) => each === key;
  const found = keys.map((each, index) => (fits(each) ? index : -1)).filter((index) => index >= 0);
  if (!key || !found.length || (found.length > 1 && !key.endsWith("*"))) throw new UnknownColumn();
  return { columns: found };
}

function terms(text, keys) {
  const [first, ...others] = split(text, "+");
  const found = [term(first, keys)];
  for (const each of others) {
    try {
      found.push(term(each, keys));
    } catch (error) {
      if (!(error instanceof UnknownColumn)) throw error;
      found.push({ columns: [] }); // a column that the table lacks
    }
  }
  return found;
}

// `+` joins texts with a blank, `|` takes the first that is not empty. Return null if no alternative begins with a column that is there.
function expression(text, keys) {
  if (keys.filter((key) => key === columnKey(text)).length === 1) return { text, alternatives: [[term(text, keys)]] };
  const alternatives = [];
  for (const alternative of split(text, "|")) {
    try { alternatives.push(terms(alternative, keys)); } catch (error) { if (!(error instanceof UnknownColumn)) throw error; }
  }
  return alternatives.length ? { text, alternatives } : null;
}

// Several columns are a sum. Constants count only before a text, or if no column follows.
function textsOf(terms, cells) {
  const texts = [];
  let waiting = [];
  for (const { columns, constant } of terms) {
    if (constant !== undefined) { waiting.push(constant); continue; }
    const text = columns.map((column) => cells[column].trim()).filter(Boolean).join(SUM);
    if (text) texts.push(...waiting, text);
    waiting = [];
  }
  return [...texts, ...waiting];
}

function valueOf({ alternatives }, cells) {
  for (const each of alternatives) {
    const value = textsOf(each, cells).join(" ");
    if (value) return value;
  }
  return "";
}

const oneLine = (text) => text.replace(/[\r\n\t]+/g, " ").trim();

// Return {kind, preset} or null: the preset with the most columns that are all there, or our own if the name of the file says the kind.
export function recognise(name, columns, { presets, fields }) {
  const keys = new Set(columns.map(columnKey));
  const candidates = presets.flatMap((preset) => Object.entries(preset.kinds).map(([kind, rules]) => ({ kind, preset: preset.name, needed: rules.recognise ?? [] })));
  const found = candidates.filter(({ needed }) => needed.length && needed.every((column) => keys.has(columnKey(column))))
    .reduce((best, each) => (best && best.needed.length >= each.needed.length ? best : each), null);
  const named = Object.keys(fields).filter((kind) => name.toLowerCase().startsWith(kind));
  // Any export may have a name and an e-mail address: our own few columns decide only if the name says nothing else.
  const isDoubtful = found?.preset === OWN && named.length === 1 && found.kind !== named[0];
  if (found && !isDoubtful) return { kind: found.kind, preset: found.preset };
  return named.length === 1 ? { kind: named[0], preset: OWN } : null;
}

// The mapping of one table. It remembers the row above, so each reading of the table needs one of its own.
export class Mapping {
  constructor(name, columns, { kind, preset }, { presets, fields }) {
    const { options = {}, kinds } = presets.find((each) => each.name === preset);
    const keys = columns.map(columnKey);
    const indexes = (names) => names.filter(Boolean).flatMap((each) => keys.flatMap((key, index) => (key === columnKey(each) ? [index] : [])));
    const rules = kinds[kind] ?? {};
    Object.assign(this, { name, columns, kind, rules, options, fields: fields[kind], skipped: 0, above: {}, group: null, found: {} });
    this.expressions = Object.entries(rules.columns ?? {}).map(([field, text]) => [field, expression(text, keys)]).filter(([, each]) => each);
    const missing = this.fields.required.filter((field) => !this.expressions.some(([each]) => each === field));
    if (missing.length) {
      throw new FileProblem(`${name} has no column for ${missing.join(", ")}. It has: ${columns.filter(Boolean).join(", ")}. Rename the columns, or say in a terminal which is which: crmctl import ${name} --map ${kind}.${missing[0]}="COLUMN"`);
    }
    this.skip = Object.entries(rules.skip ?? {}).flatMap(([column, texts]) => indexes([column]).map((index) => [index, texts.map((text) => text.toLowerCase())]));
    this.skip.push(...indexes(rules.skip_blank ?? []).map((index) => [index, [""]]));
    Object.assign(this, { empty: rules.empty ?? [], currencies: indexes(rules.currency_columns ?? []), carry: indexes(rules.carry_down ?? []), groups: indexes([rules.group ?? ""]) });
  }

  get ignored() {
    const used = new Set([...this.expressions.flatMap(([, { alternatives }]) => alternatives.flat().flatMap(({ columns }) => columns)), ...this.skip.map(([index]) => index), ...this.groups, ...this.currencies]);
    return this.columns.filter((column, index) => column && !used.has(index));
  }

  // Return {line, values, cells} for a row, or null if the rules leave it out. An empty cell may take the text of the row above.
  read({ line, cells }) {
    const texts = cells.map((cell) => (this.empty.includes(cell.trim()) ? "" : cell));
    if (this.carry.length) this.fillFromAbove(texts);
    if (this.skip.some(([index, left]) => left.includes(texts[index].trim().toLowerCase()))) {
      this.skipped += 1;
      return null;
    }
    for (const index of this.currencies) this.checkSame(index, texts[index].trim());
    const values = Object.fromEntries(this.expressions.map(([field, each]) => [field, oneLine(valueOf(each, texts))]));
    return { line, values, cells: this.carry.length ? cells.map((cell, index) => (cell.trim() ? cell : this.above[index] ?? cell)) : cells };
  }

  fillFromAbove(texts) {
    const group = JSON.stringify(this.groups.map((index) => texts[index]));
    if (group !== this.group) Object.assign(this, { group, above: {} });
    for (const index of this.carry) texts[index] = this.above[index] = texts[index].trim() ? texts[index] : this.above[index] ?? "";
  }

  // `wanted` is a code such as EUR. A sign such as $ does not say which currency it is.
  checkCurrency(wanted) {
    for (const index of this.currencies) {
      const found = this.found[index] ?? "";
      if (/^[A-Za-z]{3}$/.test(found) && found.toLowerCase() !== wanted.toLowerCase()) {
        throw new FileProblem(`${this.name}: the column ${this.columns[index]} has ${found}, but the amounts of this CRM are in ${wanted}. Convert the amounts.`);
      }
    }
  }

  checkSame(index, text) {
    const found = this.found[index];
    if (found && text && text.toLowerCase() !== found.toLowerCase()) {
      throw new FileProblem(`${this.name}: the column ${this.columns[index]} has ${found} and ${text}, whose amounts cannot be added up. Import a file with the rows of one of them.`);
    }
    this.found[index] = found || text;
  }
}
