// The address after the #: which page is shown, and how it is filtered, ordered and paged. So Back and bookmarks keep it.
import { useLayoutEffect, useState } from "./html.js";

// Somebody may have typed an invalid address. It is shown as it is.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function read() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").map(decoded), query: Object.fromEntries(new URLSearchParams(query)) };
}

export function useRoute() {
  const [route, setRoute] = useState(read);
  // Not after the first paint, as other effects: the address may change before it.
  useLayoutEffect(() => {
    const change = () => setRoute(read());
    window.addEventListener("hashchange", change);
    return () => window.removeEventListener("hashchange", change);
  }, []);
  return route;
}

// Empty values are left out.
export function address(path, query = {}) {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value != null)).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}
