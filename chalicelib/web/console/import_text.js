// Read a CSV file slice by slice, with the same rules as crmctl: its encoding, its delimiter, its rows. A test compares the two.
import { DELIMITERS, FileProblem, RowParser, detectDelimiter } from "./import_rows.js";

const SLICE = 1 << 20; // bytes
const SAMPLE = 1 << 16; // characters
const MAX_NAMED_LINES = 5;
const TITLES = { "utf-8": "UTF-8", "utf-16le": "UTF-16", "utf-16be": "UTF-16", "windows-1252": "Windows-1252" };
const MARKS = { "utf-8": [0xef, 0xbb, 0xbf], "utf-16le": [0xff, 0xfe], "utf-16be": [0xfe, 0xff] };
const UNDEFINED = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]); // bytes that Windows-1252 does not have
const SEPARATOR_LINE = /^"?sep=([^\r\n])"?(\r\n|\n|\r|$)/i; // Excel reads the delimiter from such a first line
const REJECT_COLUMNS = ["line", "code", "reason", "because"];

async function* slices(file) {
  for (let at = 0; at < file.size; at += SLICE) yield new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer());
}

// A byte order mark decides. If there is none, zero bytes at every second place are UTF-16, and valid UTF-8 is UTF-8.
export async function detectEncoding(file) {
  const sample = new Uint8Array(await file.slice(0, SAMPLE).arrayBuffer());
  const marked = Object.keys(MARKS).find((label) => MARKS[label].every((byte, index) => sample[index] === byte));
  if (marked) return marked;
  const pairs = Math.floor(sample.length / 2);
  for (const [label, first] of [["utf-16be", 0], ["utf-16le", 1]]) {
    let zeros = 0;
    for (let at = first; at < sample.length; at += 2) zeros += sample[at] === 0;
    if (pairs && zeros > pairs * 0.6) return label;
  }
  if (await isUtf8(file)) return "utf-8";
  if (await isWindows1252(file)) return "windows-1252";
  throw new FileProblem(`${file.name} is neither UTF-8 nor Windows-1252. Choose its encoding below, or save it as UTF-8.`);
}

async function isUtf8(file) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const bytes of slices(file)) decoder.decode(bytes, { stream: true });
    decoder.decode();
    return true;
  } catch {
    return false;
  }
}

// Western words have some plain letters. Those of other alphabets, read as Windows-1252, have none.
async function isWindows1252(file) {
  const decoder = new TextDecoder("windows-1252");
  let accented = 0, foreign = 0;
  for await (const bytes of slices(file)) {
    if (bytes.some((byte) => UNDEFINED.has(byte))) return false;
    for (const [word] of decoder.decode(bytes).matchAll(/\p{L}{2,}/gu)) {
      if (!/[^\0-\x7f]/.test(word)) continue;
      accented += 1;
      foreign += !/[\0-\x7f]/.test(word);
    }
  }
  return foreign * 2 <= accented;
}

async function* texts(file, encoding) {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const decode = (...given) => {
    try {
      return decoder.decode(...given);
    } catch {
      throw new FileProblem(`${file.name} is not ${TITLES[encoding]}. Choose its encoding below.`);
    }
  };
  for await (const bytes of slices(file)) yield decode(bytes, { stream: true });
  yield decode();
}

const hasText = ({ cells }) => cells.some((cell) => cell.trim());

// A repaired file of rejects is imported as it is, without the columns that crmctl or this page has added.
function widthWithoutRejectColumns(columns) {
  let width = columns.length;
  if (!REJECT_COLUMNS.slice(0, 3).every((name) => columns.includes(name))) return width;
  while (width && REJECT_COLUMNS.includes(columns[width - 1])) width -= 1;
  return width;
}

// Return {form, columns, rows}. `rows()` reads the file from its beginning, and yields the rows of one slice at a time.
export async function openTable(file, { encoding, delimiter } = {}) {
  const label = encoding || await detectEncoding(file);
  let start = "";
  for await (const text of texts(file, label)) if ((start += text).length >= SAMPLE) break;
  start = start.slice(0, SAMPLE);
  const separator = SEPARATOR_LINE.exec(start);
  const chosen = delimiter || separator?.[1] || detectDelimiter(start.slice(separator?.[0].length ?? 0));
  const parsed = () => parse(file, label, chosen, separator?.[0].length ?? 0);
  let header;
  for await (const rows of parsed()) if ((header = rows.find(hasText))) break;
  if (!header) throw new FileProblem(`${file.name} is empty.`);
  const columns = header.cells.map((cell) => cell.trim());
  while (!columns.at(-1)) columns.pop();
  const kept = widthWithoutRejectColumns(columns);
  const rows = () => checked(file, parsed(), header.line, columns.length, kept);
  return { form: `${TITLES[label]}, ${DELIMITERS[chosen] ?? `'${chosen}'`}`, columns: columns.slice(0, kept), rows };
}

async function* parse(file, encoding, delimiter, skipped) {
  const parser = new RowParser(delimiter, { line: skipped ? 2 : 1 });
  let left = skipped;
  for await (const text of texts(file, encoding)) {
    yield parser.push(text.slice(left));
    left = Math.max(left - text.length, 0);
  }
  yield parser.finish();
}

// Empty cells beyond the header are dropped. Other rows that are too long or too short mean a wrong delimiter or an open quote.
async function* checked(file, parsed, headerLine, width, kept) {
  const ragged = [];
  const refuse = () => {
    const named = ragged.slice(0, MAX_NAMED_LINES).join(", ") + (ragged.length > MAX_NAMED_LINES ? ", and more lines" : "");
    throw new FileProblem(`${file.name} has rows with the wrong number of cells: ${named}; the header has ${width}.`);
  };
  for await (const rows of parsed) {
    const good = [];
    for (const row of rows) {
      if (row.line <= headerLine || !hasText(row)) continue;
      if (row.cells.length < width || row.cells.slice(width).some((cell) => cell.trim())) ragged.push(`line ${row.line} has ${row.cells.length}`);
      else good.push({ line: row.line, cells: row.cells.slice(0, kept) });
      if (ragged.length > MAX_NAMED_LINES) refuse();
    }
    yield good;
  }
  if (ragged.length) refuse();
}
