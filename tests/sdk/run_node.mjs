// Plays the plan through the official JavaScript SDKs: `run_node.mjs BASE_URL PLAN`.
//
// Owns: the comparison of what an SDK ended up with and what the plan expects, and the counts.
// Must not know: any dialect.

import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

import { CASES, play as playLoop } from "./agents.mjs";
import { ask, countTokens, models } from "./clients.mjs";

const [base, plan] = process.argv.slice(2);
const rows = JSON.parse(await readFile(plan, "utf8"));
// Behind the gateway the fake upstream is told what to answer.
const control = process.env.SDK_CONTROL;
let passed = 0;
let failed = 0;
for (const row of rows) await count(row.name, () => play(row));
if (control) {
  for (const [name, run] of loops()) await count(name, run);
  for (const [name, run] of around()) await count(name, run);
  await Promise.all([...slow()].map(([name, run]) => count(name, run)));
}
console.log(`${control ? "gateway, " : ""}node: ${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);

async function count(name, run) {
  let problems;
  try {
    problems = await run();
  } catch (error) {
    problems = [error.stack];
  }
  for (const problem of problems) console.log(`FAILED ${name}\n  ${problem}`);
  if (problems.length > 0) failed += 1;
  else passed += 1;
}

async function play(row) {
  if (control) await answersWith(row.case);
  // The gateway is one address for everything, but for paths that insist on an endpoint.
  const address = row.upstream ? `${base}/${row.upstream}/${row.case}` : base + (row.prefix ?? "");
  const got = await ask(row.client, address, row.mode, row.request, row.headers);
  if (row.expect_error) return compareError(got, row.expect_error);
  if (got.error) return [`an answer was expected, got ${JSON.stringify(got.error)}`];
  const problems = compare(got.message, row.expect);
  if (row.compare_request) problems.push(...(await compareRequest(row)));
  return problems;
}

/** A whole loop for each client and model; what reached the upstream is for run_gateway.py. */
function* loops() {
  for (const [client, talks] of Object.entries(JSON.parse(process.env.SDK_TALKS))) {
    for (const [model, endpoint] of talks) {
      for (const stream of [false, true]) {
        const how = stream ? "streamed" : "whole";
        const name = `${client} agent's loop with ${model} (${endpoint}), ${how}`;
        yield [name, () => loop(client, model, endpoint, stream)];
      }
    }
  }
}

async function loop(client, model, endpoint, stream) {
  // The plan has a model of each endpoint, and what an endpoint answers does not hang on the model.
  const models = JSON.parse(process.env.SDK_MODELS);
  const known = Object.keys(models).find((it) => models[it] === endpoint);
  await answersWith(...CASES);
  const turns = await playLoop(base, client, model, stream);
  const problems = [];
  for (const [at, of] of CASES.entries()) {
    const mode = stream ? "stream" : "whole";
    const row = rows.find(
      (it) => it.client === client && it.request.model === known && it.case === of && it.mode === mode,
    );
    problems.push(...compare(turns[at], row.expect).map((it) => `turn ${at}: ${it}`));
  }
  return problems;
}

/** What is there beside answers: lists of models, counts of tokens, a key nobody knows. */
function* around() {
  const ids = Object.keys(JSON.parse(process.env.SDK_MODELS));
  for (const client of ["anthropic", "responses", "chat", "gemini"]) {
    yield [`${client} client lists models`, async () => {
      const listed = await models(client, base);
      return ids.filter((it) => !listed.includes(it)).map((it) => `${it} is not listed`);
    }];
    for (const model of client === "chat" ? [] : ids) {
      yield [`${client} client counts tokens of ${model}`, async () => {
        const tokens = await countTokens(client, base, model, "Say hello");
        return Number.isInteger(tokens) && tokens > 0 ? [] : [`${tokens} tokens`];
      }];
    }
    yield [`${client} client without a key that is known`, async () => {
      const row = rows.find((it) => it.client === client && it.case === "plain_text");
      const got = await ask(client, base, row.mode, row.request, {}, "nobody's");
      const node = client === "gemini" ? "ApiError" : "AuthenticationError";
      return compareError(got, { node, status: 401, message: "" });
    }];
  }
}

/** Answers with pauses, all at once: signs of life come between their events. */
function* slow() {
  let begun;
  for (const row of rows) {
    if (row.case !== "plain_text" || row.mode !== "stream" || row.sends) continue;
    yield [`${row.name}, slowly`, async () => {
      await (begun ??= answersSlowly(row.case, 1200));
      const got = await ask(row.client, base, row.mode, row.request);
      return got.error ? [JSON.stringify(got.error)] : compare(got.message, row.expect);
    }];
  }
}

async function answersSlowly(name, pause) {
  await order("script/clear", {});
  const action = { all: [{ case: name }, { event_delay: pause }] };
  await order("script", { mode: "always", action });
}

/** The cases of the next requests, one each; the last one for all that follow. */
async function answersWith(...cases) {
  await order("script/clear", {});
  for (const name of cases.slice(0, -1)) await order("script", { action: { case: name } });
  await order("script", { mode: "always", action: { case: cases.at(-1) } });
}

async function order(path, body) {
  const answer = await fetch(`${control}/${path}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
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
