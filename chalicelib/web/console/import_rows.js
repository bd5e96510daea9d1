// Cut the text of a CSV file into rows, and find its delimiter.

export const DELIMITERS = { ",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars" };
const MAX_SAMPLE_ROWS = 50;
const MAX_CELL = 2_000_000; // characters

// A file that cannot be imported. The message says the place and the remedy.
export class FileProblem extends Error {}

// Parses text in pieces. A row is {line, cells}, its line the first one. A strict parser refuses text after a closing quote.
export class RowParser {
  constructor(delimiter, { strict = true, line = 1 } = {}) {
    Object.assign(this, { delimiter, strict, line, first: line, cells: [], cell: "", state: "start", wasReturn: false });
    this.end = new RegExp(`[\\r\\n${delimiter.replace(/[\\\]^-]/g, "\\$&")}]`, "g");
  }

  push(text) {
    const rows = [];
    for (let at = 0; at < text.length; ) {
      if (this.state === "quoted") at = this.quoted(text, at);
      else at = this.plain(text, at, rows);
    }
    return rows;
  }

  quoted(text, at) {
    const quote = text.indexOf('"', at);
    const part = text.slice(at, quote < 0 ? undefined : quote);
    for (const [end] of part.matchAll(/\r\n?|\n/g)) {
      if (!(end === "\n" && this.wasReturn && part.startsWith("\n"))) this.line += 1;
      this.wasReturn = false;
    }
    this.wasReturn = part.endsWith("\r");
    this.take(part);
    if (quote < 0) return text.length;
    this.wasReturn = false;
    this.state = "closed";
    return quote + 1;
  }

  plain(text, at, rows) {
    const char = text[at];
    const secondHalf = char === "\n" && this.wasReturn;
    this.wasReturn = char === "\r";
    if (secondHalf) return at + 1;
    if (char === this.delimiter) this.endCell();
    else if (char === "\n" || char === "\r") this.endRow(rows);
    else if (char === '"' && this.state === "start") this.state = "quoted";
    else if (char === '"' && this.state === "closed") { this.cell += '"'; this.state = "quoted"; }
    else {
      if (this.state === "closed" && this.strict) this.refuse("has text after a closing quote");
      this.state = "plain";
      this.end.lastIndex = at;
      const end = this.end.exec(text)?.index ?? text.length;
      this.take(text.slice(at, end));
      return end;
    }
    return at + 1;
  }

  take(part) {
    this.cell += part;
    if (this.cell.length > MAX_CELL) this.refuse("has a cell that is too long. Is a quote never closed?");
    if (this.strict && part.includes("\0")) this.refuse("has a NUL byte. Save the file as UTF-8 text");
  }

  endCell() {
    this.cells.push(this.cell);
    this.cell = "";
    this.state = "start";
  }

  endRow(rows) {
    if (this.cells.length || this.cell || this.state !== "start") {
      this.endCell();
      rows.push({ line: this.first, cells: this.cells });
    }
    this.cells = [];
    this.line += 1;
    this.first = this.line;
  }

  finish() {
    const rows = [];
    if (this.state === "quoted" && this.strict) this.refuse("has a quote that is never closed");
    this.endRow(rows);
    return rows;
  }

  refuse(what) {
    throw new FileProblem(`The row that starts on line ${this.first} ${what}.`);
  }
}

// The delimiter with which the header has the most columns, and the rows as many as the header.
export function detectDelimiter(text) {
  const scores = Object.keys(DELIMITERS).map((delimiter) => {
    const parser = new RowParser(delimiter, { strict: false });
    const widths = [...parser.push(text), ...parser.finish()].slice(0, MAX_SAMPLE_ROWS).map(({ cells }) => cells.length);
    return !widths.length || widths[0] === 1 ? 0 : (widths[0] * widths.filter((width) => width === widths[0]).length) / widths.length;
  });
  return Object.keys(DELIMITERS)[scores.indexOf(Math.max(...scores))];
}
