// The console's libraries as browsers load them, without a bundler: `npm ci && npm run build` here, and commit the result.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const modules = new URL("./node_modules/", import.meta.url);
const target = new URL("../chalicelib/web/console/vendor/", import.meta.url);
const files = {
  "preact.js": "preact/dist/preact.module.js",
  "hooks.js": "preact/hooks/dist/hooks.module.js",
  "htm.js": "htm/dist/htm.module.js",
};

mkdirSync(target, { recursive: true });
for (const [name, path] of Object.entries(files)) {
  const { version, license } = JSON.parse(readFileSync(new URL(`${path.split("/")[0]}/package.json`, modules), "utf8"));
  const text = readFileSync(new URL(path, modules), "utf8")
    .replace(/from\s*"preact"/g, 'from"./preact.js"')
    .replace(/\n?\/\/# sourceMappingURL=.*$/m, "");
  writeFileSync(new URL(name, target), `/* ${path.split("/")[0]} ${version}, ${license} licence */\n${text}\n`);
}
