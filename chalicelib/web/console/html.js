// What every part is written with: Preact, its hooks, and templates instead of JSX, so that nothing is compiled.
import { h, render } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export { render };
export * from "./vendor/hooks.js";
export const html = htm.bind(h);
