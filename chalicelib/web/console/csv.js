// Tables as CSV files.

// A spreadsheet would run a cell that looks like a formula. An apostrophe prevents that.
const cell = (value) => {
  const text = String(value ?? "");
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

// For the address of a link that downloads the rows, each of them a list of cells.
export const toAddress = (rows) =>
  `data:text/csv;charset=utf-8,${encodeURIComponent(rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n")}`;
