// Tables as CSV files.

const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

// A spreadsheet would run a cell that looks like a formula. An apostrophe prevents that.
const cell = (value) => {
  const text = String(value ?? "");
  return quoted(/^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text);
};

// Each row is a list of cells. Cells `asTheyAre` are those of a file that will be imported again.
export const toText = (rows, asTheyAre = false) =>
  rows.map((row) => row.map(asTheyAre ? (value) => quoted(String(value ?? "")) : cell).join(",") + "\r\n").join("");

// For the address of a link that downloads the rows.
export const toAddress = (rows) => `data:text/csv;charset=utf-8,${encodeURIComponent(toText(rows))}`;

// Save texts as one file: an address has too little room for a large one.
export function save(name, texts) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob(texts, { type: "text/csv;charset=utf-8" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
