// Who is signed in, and what their role allows. The server decides; the console only leaves out what it would refuse.
// With it comes what the CRM counts in.
import { ask } from "./api.js";

const ME = `query Me { me { name role keyId } settings { timeZone currency } }`;
const ROLES = ["PUBLIC", "VIEWER", "EDITOR", "OPERATOR"];
let me = null;
let settings = null;

export async function identify() {
  ({ me, settings } = await ask(ME));
}

export const whoAmI = () => me;
// Empty for UTC, which needs no mention.
export const timeZone = () => (settings?.timeZone === "UTC" ? "" : settings?.timeZone ?? "");
export const currency = () => settings?.currency ?? "USD";
export const may = (role) => ROLES.indexOf(me?.role) >= ROLES.indexOf(role);
