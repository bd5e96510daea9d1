// Send GraphQL to the endpoint beside this page, with the API key that is kept in this tab, or on this device.
import { useCallback, useEffect, useRef, useState } from "./html.js";

const KEY = "crm-key";
const ENDPOINT = new URL("./graphql", location.href);

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY) ?? "",
  set: (text, stays) => (stays ? localStorage : sessionStorage).setItem(KEY, text),
  forget: () => [sessionStorage, localStorage].forEach((store) => store.removeItem(KEY)),
};

const IN_DOUBT = ["OFFLINE", "UNAVAILABLE", "IN_PROGRESS", "INTERNAL"];
const RETRY_AFTER = [500, 1500, 4000]; // milliseconds

export class ApiError extends Error {
  // `field` is the one of the input that is wrong. GraphQL itself names it in the message only.
  // `current` is what a row is now that was changed meanwhile.
  constructor(message, code, field = /\bat '[\w.[\]]*?\b(\w+)'/.exec(message)?.[1], current = undefined) {
    super(message);
    this.code = code;
    this.field = field;
    this.current = current;
  }
  get isAboutKey() {
    return this.code === "UNAUTHENTICATED";
  }
  // Nobody can say whether the change was made.
  get isInDoubt() {
    return IN_DOUBT.includes(this.code);
  }
}

export async function ask(query, variables = {}, idempotencyKey = null) {
  const headers = { "Content-Type": "application/json", Accept: "application/graphql-response+json" };
  // A header cannot carry other characters: fetch would fail as if the server were offline.
  if (/[^\x20-\x7e]/.test(key.get())) throw new ApiError("A key has only letters, digits and underscores.", "UNAUTHENTICATED");
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
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
    throw new ApiError(message, extensions?.code, extensions?.field, extensions?.current);
  }
  return answer.data;
}

async function persist(attempt) {
  for (const delay of RETRY_AFTER) {
    try {
      return await attempt();
    } catch (error) {
      if (!error.isInDoubt || error.code === "INTERNAL") throw error;
    }
    await new Promise((done) => setTimeout(done, delay));
  }
  return attempt();
}

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Return a function that sends a mutation, again and again while the network is away. Until the server has answered, the same
// variables go with the same Idempotency-Key, so that whoever presses the button again does nothing twice.
export function useChange(mutation) {
  const pending = useRef();
  return useCallback(async (variables = {}) => {
    const text = JSON.stringify(variables);
    if (pending.current?.text !== text) pending.current = { text, key: newKey() };
    try {
      const data = await persist(() => ask(mutation, variables, pending.current.key));
      pending.current = undefined;
      return data;
    } catch (error) {
      if (!error.isInDoubt) pending.current = undefined;
      throw error;
    }
  }, [mutation]);
}

// Return {data, error, loading, reload}. The query is sent at first, when the variables change, and every `seconds`.
// Old data stays visible while new data is loading. A hidden tab sends nothing. `goOn(data)` returns the variables to
// go on with while a page is empty, because its rows are further away than one request may read.
export function useQuery(query, variables = {}, seconds = 0, goOn = null) {
  const [state, setState] = useState({ loading: true });
  const latest = useRef(0);
  const text = JSON.stringify(variables);
  const reload = useCallback(async () => {
    const number = ++latest.current;
    try {
      const asked = JSON.parse(text);
      let data = await ask(query, asked);
      for (let more; number === latest.current && (more = goOn?.(data)); ) data = await ask(query, { ...asked, ...more });
      if (number === latest.current) setState({ data, loading: false });
    } catch (error) {
      if (number === latest.current) setState((before) => ({ ...before, error, loading: false }));
    }
  }, [query, text, goOn]);
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
