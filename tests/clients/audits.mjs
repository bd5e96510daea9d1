// The audits of graphql-http against the URL given: [[id, name, status, reason], ...].
import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);
const results = [];
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const { status, reason } = await audit.fn();
  results.push([audit.id, audit.name, status, reason ?? null]);
}
console.log(JSON.stringify(results));
