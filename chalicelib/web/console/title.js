// The title of the tab: how many things are wrong, and the page.
let page = "";
let wrong = "";

function show() {
  document.title = `${wrong && `(${wrong}) `}${page && `${page} · `}CRM console`;
}

export function setTitle(text) {
  page = text;
  show();
}

// `text` is a number such as "3" or "20+", or empty.
export function setWrong(text) {
  wrong = text;
  show();
}
