// Send GraphQL to the endpoint beside this page, with the API key that is kept in this tab.
import { useCallback, useEffect, useRef, useState } from "./html.js";

const KEY = "crm-key";
const ENDPOINT = new URL("./graphql", location.href);

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

export class ApiError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
  get isAboutKey() {
    return this.code === "UNAUTHENTICATED";
  }
}

export async function ask(query, variables = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };
  // A header cannot carry other characters: fetch would fail as if the server were offline.
  if (/[^\x20-\x7e]/.test(key.get())) throw new ApiError("A key has only letters, digits and underscores.", "UNAUTHENTICATED");
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  let answer;
  try {
    const response = await fetch(ENDPOINT, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    answer = await response.json();
  } catch {
    throw new ApiError("The server does not answer. Is it running, and are you online?", "OFFLINE");
  }
  if (answer.errors?.length) {
    const { message, extensions } = answer.errors[0];
    if (extensions?.code === "FORBIDDEN") throw new ApiError(`Your key is not allowed to do this. ${message}.`, "FORBIDDEN");
    if (extensions?.code === "UNAUTHENTICATED") window.dispatchEvent(new Event("signed-out"));
    throw new ApiError(message, extensions?.code);
  }
  return answer.data;
}

// Return {data, error, loading, reload}. The query is sent at first, when the variables change, and every `seconds`.
// Old data stays visible while new data is loading. A hidden tab sends nothing. `nextCursor(data)` returns the cursor to
// go on from while a page is empty, because its rows are further back than one request may read.
export function useQuery(query, variables = {}, seconds = 0, nextCursor = null) {
  const [state, setState] = useState({ loading: true });
  const latest = useRef(0);
  const text = JSON.stringify(variables);
  const reload = useCallback(async () => {
    const number = ++latest.current;
    try {
      const asked = JSON.parse(text);
      let data = await ask(query, asked);
      for (let after; number === latest.current && (after = nextCursor?.(data)); ) data = await ask(query, { ...asked, after });
      if (number === latest.current) setState({ data, loading: false });
    } catch (error) {
      if (number === latest.current) setState((before) => ({ ...before, error, loading: false }));
    }
  }, [query, text, nextCursor]);
  useEffect(() => {
    setState((before) => ({ ...before, loading: true }));
    reload();
    return () => { latest.current++; };
  }, [reload]);
  useEffect(() => {
    if (!seconds) return undefined;
    const timer = setInterval(() => document.hidden || reload(), seconds * 1000);
    return () => clearInterval(timer);
  }, [reload, seconds]);
  return { ...state, reload };
}
