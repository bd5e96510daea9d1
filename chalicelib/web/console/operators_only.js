// What somebody without the role of an operator sees of a page: a sentence. The server refuses the rest, too.
import { html } from "./html.js";
import { may, whoAmI } from "./session.js";

export const isOperator = () => may("OPERATOR");
const asked = () => html`Your key is that of ${whoAmI().role === "EDITOR" ? "an editor" : "a viewer"}. Ask an operator.`;

export const OnlyOperatorsSee = ({ what }) => html`<p>Only operators can see ${what}. ${asked()}</p>`;
export const OnlyOperatorsChange = ({ what }) => !isOperator() && html`<p class="quiet">Only operators can change ${what}. ${asked()}</p>`;
