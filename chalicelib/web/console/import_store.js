// Remember in this browser how far each import came, and which rows were rejected. Signing out deletes it all.

const DATABASE = "crm-imports";

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

let opening;
let forgotten = false;
const database = () => (opening ??= new Promise((resolve, reject) => {
  if (forgotten) return;  // somebody has signed out, and the page is about to end
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("imports", { keyPath: "id" });
    request.result.createObjectStore("rows", { keyPath: ["id", "what", "line", "text"] });
  };
  request.onsuccess = () => {
    // Another tab signs out.
    request.result.onversionchange = () => { request.result.close(); opening = undefined; };
    resolve(request.result);
  };
  request.onerror = () => { opening = undefined; reject(new Error("This browser stores no data for this page, so an interrupted import could not continue.")); };
}));

const ofImport = (id, ...what) => IDBKeyRange.bound([id, ...what], [id, ...what, []]);
const store = async (name, mode) => (await database()).transaction(name, mode).objectStore(name);

// The same file again has the same id.
export const idOf = ({ name, size, lastModified }) => `${name} ${size} ${lastModified}`;

export const load = async (id) => done((await store("imports")).get(id));
export const all = async () => done((await store("imports")).getAll());

// Save the position together with the rows that were rejected up to it.
export async function save(state, rows = []) {
  const transaction = (await database()).transaction(["imports", "rows"], "readwrite");
  transaction.objectStore("imports").put(state);
  for (const row of rows) transaction.objectStore("rows").put({ id: state.id, ...row });
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(new Error(`This browser has no room for more rejected rows (${transaction.error?.message}).`));
  });
}

export async function discard(id) {
  const transaction = (await database()).transaction(["imports", "rows"], "readwrite");
  transaction.objectStore("imports").delete(id);
  await done(transaction.objectStore("rows").delete(ofImport(id)));
}

// `what` is "reject" or "warning". Lists of rows in the order of the file.
export async function* rowsOf(id, what, size = 1000) {
  let range = ofImport(id, what);
  for (;;) {
    const rows = await done((await store("rows")).getAll(range, size));
    if (rows.length) yield rows;
    if (rows.length < size) return;
    const last = rows.at(-1);
    range = IDBKeyRange.bound([id, what, last.line, last.text], [id, what, []], true);
  }
}

export async function forget() {
  forgotten = true;
  const open = await opening?.catch(() => undefined);
  opening = undefined;
  open?.close();
  await new Promise((resolve) => {
    const asked = indexedDB.deleteDatabase(DATABASE);
    asked.onsuccess = asked.onerror = asked.onblocked = resolve;
  });
}
