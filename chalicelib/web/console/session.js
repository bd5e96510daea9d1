// Who is signed in, and what their role allows. The server decides; the console only leaves out what it would refuse.
import { ask } from "./api.js";

const ME = `query Me { me { name role keyId } }`;
const ROLES = ["PUBLIC", "VIEWER", "EDITOR", "OPERATOR"];
let me = null;

export async function identify() {
  ({ me } = await ask(ME));
}

export const whoAmI = () => me;
export const may = (role) => ROLES.indexOf(me?.role) >= ROLES.indexOf(role);
