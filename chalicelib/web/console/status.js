// What is wrong, for the navigation and the tab's title, on every page. The overview reads the same field, and says what it found.
import { ask } from "./api.js";
import { useEffect, useState } from "./html.js";
import { may } from "./session.js";
import { setWrong } from "./title.js";

const WRONG = `query Wrong { status { stage version count more jobs { name } } }`;
// Seconds. The title of a tab that nobody looks at is read, too. Finding out what is wrong is the most expensive question that an
// open console asks, so those who can do nothing about it ask seldom.
const EVERY = 60, HIDDEN = 300, OTHERS = 600, LOOK = 5;
let latest = null;
let at = 0;

export const countText = (status) => (status?.count ? `${status.count}${status.more ? "+" : ""}` : "");

export function publish(status) {
  latest = status;
  at = Date.now();
  setWrong(countText(status));
  window.dispatchEvent(new Event("status"));
}

// Somebody else may sign in.
export function forget() {
  latest = null;
  at = 0;
  setWrong("");
}

const pause = () => (may("OPERATOR") ? (document.hidden ? HIDDEN : EVERY) : OTHERS) * 1000;

// A page that cannot reach the server says so itself.
async function refresh() {
  if (Date.now() - at < pause()) return;
  at = Date.now();
  try {
    publish((await ask(WRONG)).status);
  } catch {
    window.dispatchEvent(new Event("status"));
  }
}

// Return the latest status, or null before the first answer. It is read again and again while `isAsking`.
export function useStatus(isAsking = false) {
  const [, draw] = useState();
  useEffect(() => {
    const change = () => draw({});
    window.addEventListener("status", change);
    return () => window.removeEventListener("status", change);
  }, []);
  useEffect(() => {
    if (!isAsking) return undefined;
    refresh();
    const timer = setInterval(refresh, LOOK * 1000);
    return () => clearInterval(timer);
  }, [isAsking]);
  return latest;
}
