// Read files as the console's import does, and print what became of each. Arguments: the folder of the console, and a JSON file with the cases.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, cases] = process.argv.slice(2);
const { open, read, scan } = await import(pathToFileURL(`${folder}/import_source.js`));
const rules = JSON.parse(readFileSync(`${folder}/import_rules.json`, "utf-8"));

async function reading({ name, data, options = {} }) {
  const file = new File([Buffer.from(data, "base64")], name);
  try {
    const source = await open(file, rules, options);
    if (!source.as) return { refused: "not recognised" };
    const seen = await scan(file, source, rules, { user: options.formats });
    const given = { ...options.orders, addRounding: options.orders?.addRounding || Boolean(seen.addRounding) };
    const records = [], rejects = [];
    for await (const groups of read(file, source, rules, { formats: seen.formats, options: given })) {
      for (const { group, records: found, reject } of groups) {
        for (const { input, lines, warnings, cents, stated } of found ?? []) records.push({ input, lines, warnings: warnings.length, cents, stated: stated ?? null });
        if (reject) rejects.push([group.map(({ line }) => line), reject.code, group.map(({ cells }) => cells)]);
      }
    }
    const { decimal, dates } = seen.formats;
    return { form: source.form, ...source.as, columns: source.columns, mapped: seen.columns, ignored: seen.ignored, skipped: seen.skipped, decimal, dates, records, rejects };
  } catch (error) {
    return { refused: error.message, unexpected: !["FileProblem", "Error"].includes(error.constructor.name) || error.constructor.name === "Error" };
  }
}

const found = [];
for (const each of JSON.parse(readFileSync(cases, "utf-8"))) found.push(await reading(each));
console.log(JSON.stringify(found));
