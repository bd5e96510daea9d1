// Preact, its hooks, and templates. Templates replace JSX, so that nothing has to be compiled.
import { h, render } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export { render };
export * from "./vendor/hooks.js";
export const html = htm.bind(h);
