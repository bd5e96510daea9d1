// One HTML file of React, GraphiQL and our page: `npm ci && npm run build` here, and commit what it writes.
// The scripts are allowed by their hashes (chalicelib/api/pages/graphiql.py), so they stand in the page as they are.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const modules = new URL("./node_modules/", import.meta.url);
const read = (path) => readFileSync(new URL(path, modules), "utf8");
const script = (text) => `<script>${text.replace(/<\/script/gi, "<\\/script").replace(/\n?\/\/# sourceMappingURL=.*$/m, "")}</script>`;

// Three quarters of the style sheet are fonts; the system's own do.
const styles = read("graphiql/graphiql.min.css").replace(/@font-face\s*{[^}]*}/g, "");
const licences = ["react", "react-dom", "graphiql"]
  .map((name) => `${name} ${JSON.parse(read(`${name}/package.json`)).version}: MIT licence`)
  .join("; ");

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>CRM GraphiQL</title>
<link rel="icon" href="data:,">
<!-- ${licences} -->
<style>html, body, #graphiql { height: 100%; margin: 0 }
:root { --font-family: system-ui, sans-serif; --font-family-mono: ui-monospace, monospace }
${styles}</style>
</head>
<body>
<div id="graphiql">Loading …</div>
${script(read("react/umd/react.production.min.js"))}
${script(read("react-dom/umd/react-dom.production.min.js"))}
${script(read("graphiql/graphiql.min.js"))}
${script(readFileSync(new URL("./graphiql-page.js", import.meta.url), "utf8"))}
</body>
</html>
`;

writeFileSync(new URL("../chalicelib/web/graphiql.html.gz", import.meta.url), gzipSync(page, { level: 9 }));
console.log(`${Buffer.byteLength(page)} bytes, ${gzipSync(page, { level: 9 }).length} compressed`);
