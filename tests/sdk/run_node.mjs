// Plays the plan through the official JavaScript SDKs: `run_node.mjs BASE_URL PLAN`.
//
// Owns: the comparison of what an SDK ended up with and what the plan expects, and the counts.
// Must not know: any dialect.

import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

import { ask } from "./clients.mjs";

const [base, plan] = process.argv.slice(2);
const rows = JSON.parse(await readFile(plan, "utf8"));
let failed = 0;
for (const row of rows) {
  let problems;
  try {
    problems = await play(row);
  } catch (error) {
    problems = [error.stack];
  }
  for (const problem of problems) console.log(`FAILED ${row.name}\n  ${problem}`);
  failed += problems.length > 0 ? 1 : 0;
}
console.log(`node: ${rows.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 || rows.length === 0 ? 1 : 0);

async function play(row) {
  const got = await ask(row.client, `${base}/${row.upstream}/${row.case}`, row.mode, row.request);
  if (row.expect_error) return compareError(got, row.expect_error);
  if (got.error) return [`an answer was expected, got ${JSON.stringify(got.error)}`];
  const problems = compare(got.message, row.expect);
  if (row.compare_request) problems.push(...(await compareRequest(row)));
  return problems;
}

function compare(got, expected) {
  const problems = got.id ? [] : ["id: is empty"];
  for (const [name, value] of Object.entries(expected)) {
    if (!isDeepStrictEqual(got[name], value)) problems.push(differs(name, value, got[name]));
  }
  return problems;
}

function compareError(got, expected) {
  if (!got.error) return [`an error was expected, got ${JSON.stringify(got.message)}`];
  const problems = [];
  for (const name of ["node", "status", "type"]) {
    if (name in expected && got.error[name] !== expected[name]) {
      problems.push(differs(name, expected[name], got.error));
    }
  }
  if (!got.error.message.includes(expected.message)) {
    problems.push(differs("message", expected.message, got.error.message));
  }
  if ("text" in expected && got.text !== expected.text) {
    problems.push(differs("text", expected.text, got.text));
  }
  return problems;
}

/** The SDK sent what it was given: else the row would prove nothing of this request. */
async function compareRequest(row) {
  const last = await (await fetch(`${base}/last`)).json();
  // The recorded spelling of a Gemini request is the Python SDK's.
  if (row.client !== "gemini" && !isDeepStrictEqual(last.body, row.request.body)) {
    return [differs("sent", row.request.body, last.body)];
  }
  return Object.keys(last.targets).length === 4 ? [] : ["not written for every provider"];
}

function differs(name, expected, got) {
  return `${name}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
}
