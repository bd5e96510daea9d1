// Settle conflicts as the console's import does, with the orders of a file as the CRM. Arguments: the folder of the console, and a JSON file
// with {orders, results}. Print what became of each result, and which records were sent.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, cases] = process.argv.slice(2);
const { settle } = await import(pathToFileURL(`${folder}/import_conflicts.js`));
const { orders, results } = JSON.parse(readFileSync(cases, "utf-8"));
const sent = [];
const look = async (_query, { reference }) => ({ order: orders[reference] ?? null });
const book = async (record) => {
  sent.push(record.input);
  return { id: `new ${record.input.reference}`, created: true, error: null, record };
};
const settled = [];
for (const result of results) settled.push(await settle(result, look, book));
console.log(JSON.stringify({ settled: settled.map(({ id, created, error, record }) => [id ?? null, created ?? null, error?.message ?? null, record.cents]), sent }));
