// Save everything that a list has as one CSV file: its pages are read one after another, and a button stops that.
import { ask } from "./api.js";
import { save, toText } from "./csv.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { count, notify } from "./parts.js";

const PAGE = 100;
const MAX_ATTEMPTS = 5;
const WAIT = ["OFFLINE", "UNAVAILABLE", "RATE_LIMITED"];

async function patiently(query, variables, isStopped) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask(query, variables);
    } catch (error) {
      if (!WAIT.includes(error.code) || attempt === MAX_ATTEMPTS || isStopped()) throw error;
      await new Promise((done) => setTimeout(done, 1000 * attempt));
    }
  }
}

// `variables` are the filters and the order of the list; `csv` are [title, value].
export function WholeCsv({ name, query, variables, connection, csv }) {
  const [rows, setRows] = useState(null);
  const reading = useRef();
  useEffect(() => () => { reading.current = null; }, []);

  const read = async () => {
    const mine = reading.current = {};
    const isStopped = () => reading.current !== mine;
    const texts = [toText([csv.map(([title]) => title)])];
    let after = null, total = 0;
    setRows(0);
    try {
      do {
        const { edges, pageInfo } = connection(await patiently(query, { ...variables, first: PAGE, after }, isStopped)) ?? { edges: [], pageInfo: {} };
        if (isStopped()) return;
        const found = edges.map(({ node }) => node).filter(Boolean);
        texts.push(toText(found.map((row) => csv.map(([, value]) => value(row)))));
        setRows(total += found.length);
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
      } while (after);
      save(name, texts);
    } catch (error) {
      if (!isStopped()) notify(`${error.message} The CSV file was not saved.`, "bad");
    }
    if (!isStopped()) stop();
  };
  const stop = () => {
    reading.current = null;
    setRows(null);
  };
  if (rows === null) return html`<button onClick=${read}>CSV of all pages</button>`;
  return html`<span role="status">${count(rows, "row")} read …</span><button onClick=${stop}>Stop</button>`;
}
