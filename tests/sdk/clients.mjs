// The official JavaScript SDKs, each read in its own terms and told in one form.
//
// Owns: one `ask` a dialect, as in clients.py.
// Must not know: what is expected.

import Anthropic, { APIError as AnthropicError } from "@anthropic-ai/sdk";
import { ApiError as GoogleError, GoogleGenAI } from "@google/genai";
import OpenAI, { APIError as OpenAIError } from "openai";

const TIMEOUT = 30_000;
// What the gateway lets in; the server of fixtures asks for nothing.
const KEY = process.env.SDK_KEY ?? "none";

/** An answer that says of itself that it failed, where the SDK throws nothing. */
class Failed extends Error {}

/** What came of one request: {message} or {error, text: what had come}. */
export async function ask(dialect, base, mode, request, headers = {}, key = KEY) {
  const come = [];
  try {
    return { message: await ASK[dialect](CLIENTS[dialect](base, headers, key), mode, request, come) };
  } catch (error) {
    return { error: errorOf(error), text: come.join("") };
  }
}

/** The ids of the models that the SDK lists. */
export async function models(dialect, base) {
  const ids = [];
  for await (const model of await CLIENTS[dialect](base).models.list()) {
    ids.push(model.id ?? model.name.replace("models/", ""));
  }
  return ids;
}

/** How many tokens a text has, by the SDK's method; chat has none. */
export async function countTokens(dialect, base, model, text) {
  const client = CLIENTS[dialect](base);
  if (dialect === "gemini") {
    return (await client.models.countTokens({ model, contents: text })).totalTokens;
  }
  if (dialect === "responses") {
    return (await client.responses.inputTokens.count({ model, input: text })).input_tokens;
  }
  const messages = [{ role: "user", content: text }];
  return (await client.messages.countTokens({ model, messages })).input_tokens;
}

function errorOf(error) {
  if (error instanceof Failed) return { node: "failed", message: error.message };
  if (error instanceof GoogleError) {
    const body = bodyOf(error.message);
    const message = body?.message ?? error.message;
    return { node: "ApiError", message, status: error.status, type: body?.status };
  }
  const node = error.constructor.name.replace(/^_/, "");
  if (error instanceof AnthropicError) {
    // An error within a stream that began with 200 has no status of its own here.
    const message = error.apiMessage ?? error.message;
    return { node, message, status: error.status ?? 200, type: error.type };
  }
  if (error instanceof OpenAIError) {
    return { node, message: error.message, status: error.status };
  }
  throw error;
}

/** The SDK gives the body as the message; Google itself may send a list of one. */
function bodyOf(text) {
  try {
    return [JSON.parse(text)].flat()[0].error;
  } catch {
    return undefined;
  }
}

function bodyWithout(request, ...names) {
  return Object.fromEntries(Object.entries(request.body).filter(([it]) => !names.includes(it)));
}

function assert(holds, rule) {
  if (!holds) throw new Error(`broken: ${rule}`);
}

// Anthropic Messages

export const anthropic = (base, defaultHeaders, apiKey = KEY) =>
  new Anthropic({ baseURL: base, apiKey, maxRetries: 0, timeout: TIMEOUT, defaultHeaders });

async function askAnthropic({ messages }, mode, request, come) {
  const body = bodyWithout(request, "stream");
  if (mode === "whole") return ofMessage(await messages.create(body));
  if (mode === "events") {
    return ofMessage(await gatherMessage(await messages.create({ ...body, stream: true }), come));
  }
  const stream = messages.stream(body);
  stream.on("text", (text) => come.push(text));
  return ofMessage(await stream.finalMessage());
}

/** As an agent does that has no accumulator. */
async function gatherMessage(events, come) {
  let message;
  let ended = false;
  const inputs = new Map();
  for await (const event of events) {
    const block = message?.content[event.index];
    if (event.type === "message_start") {
      message = event.message;
    } else if (event.type === "content_block_start") {
      assert(event.index === message.content.length, "indexes are contiguous");
      message.content.push(event.content_block);
    } else if (event.type === "content_block_delta") {
      const { delta } = event;
      if (delta.type === "text_delta") {
        block.text += delta.text;
        come.push(delta.text);
      } else if (delta.type === "thinking_delta") {
        block.thinking += delta.thinking;
      } else if (delta.type === "signature_delta") {
        block.signature = delta.signature;
      } else if (delta.type === "input_json_delta") {
        inputs.set(event.index, (inputs.get(event.index) ?? "") + delta.partial_json);
      }
    } else if (event.type === "content_block_stop") {
      if (block.type === "tool_use") block.input = JSON.parse(inputs.get(event.index) || "{}");
    } else if (event.type === "message_delta") {
      message.stop_reason = event.delta.stop_reason;
      for (const [name, count] of Object.entries(event.usage)) {
        if (count !== null) message.usage[name] = count;
      }
    } else if (event.type === "message_stop") {
      ended = true;
    }
  }
  assert(ended, "the stream says that it ended");
  return message;
}

export function ofMessage({ id, model, content, usage, stop_reason }) {
  const of = (type) => content.filter((it) => it.type === type);
  return {
    id,
    model,
    text: of("text").map((it) => it.text).join(""),
    refusal: "",
    thinking: of("thinking").map((it) => it.thinking).join(""),
    signature: of("thinking").map((it) => it.signature ?? "").join(""),
    tool_calls: of("tool_use").map((it) => ({ id: it.id, name: it.name, arguments: it.input })),
    stop: stop_reason,
    usage: {
      input: usage.input_tokens,
      cache_read: usage.cache_read_input_tokens ?? 0,
      cache_write: usage.cache_creation_input_tokens ?? 0,
      output: usage.output_tokens,
      reasoning: usage.output_tokens_details?.thinking_tokens ?? 0,
    },
  };
}

// OpenAI Responses

export const openai = (base, defaultHeaders, apiKey = KEY) =>
  new OpenAI({
    baseURL: `${base}/v1`,
    apiKey,
    maxRetries: 0,
    timeout: TIMEOUT,
    defaultHeaders,
  });

async function askResponses({ responses }, mode, request, come) {
  const body = bodyWithout(request, "stream");
  if (mode === "whole") return ofResponse(await responses.create(body));
  if (mode === "stream") {
    const stream = responses.stream(body);
    stream.on("response.output_text.delta", (it) => come.push(it.delta));
    return ofResponse(await stream.finalResponse());
  }
  const items = [];
  let last;
  let number = 0;
  for await (const event of await responses.create({ ...body, stream: true })) {
    assert(!last, "nothing comes behind the terminal event");
    assert(event.sequence_number === number++, "sequence numbers count from 0");
    if (event.type === "response.output_text.delta") come.push(event.delta);
    if (event.type === "response.output_item.done") items.push(event.item);
    if (/^response\.(completed|incomplete|failed)$/.test(event.type)) last = event.response;
  }
  assert(last, "the stream says that it ended");
  return ofResponse({ ...last, output: items });
}

export function ofResponse({ id, model, status, error, output, usage, incomplete_details: incomplete }) {
  if (status === "failed") throw new Failed(error.message);
  const of = (type) => output.filter((it) => it.type === type);
  const parts = of("message").flatMap((it) => it.content);
  return {
    id,
    model,
    text: parts.map((it) => (it.type === "output_text" ? it.text : "")).join(""),
    refusal: parts.map((it) => (it.type === "refusal" ? it.refusal : "")).join(""),
    thinking: of("reasoning").flatMap((it) => it.summary.map((part) => part.text)).join(""),
    signature: of("reasoning").map((it) => it.encrypted_content ?? "").join(""),
    tool_calls: of("function_call").map((it) => ({
      id: it.call_id,
      name: it.name,
      arguments: JSON.parse(it.arguments),
    })),
    stop: incomplete ? `incomplete: ${incomplete.reason}` : status,
    usage: {
      input: usage.input_tokens,
      cache_read: usage.input_tokens_details.cached_tokens,
      cache_write: usage.input_tokens_details.cache_write_tokens ?? 0,
      output: usage.output_tokens,
      reasoning: usage.output_tokens_details.reasoning_tokens,
      total: usage.total_tokens,
    },
  };
}

// OpenAI Chat Completions

async function askChat({ chat: { completions: chat } }, mode, request, come) {
  const body = bodyWithout(request, "stream", "stream_options");
  if (mode === "whole") return ofCompletion(await chat.create(body));
  body.stream_options = { include_usage: true };
  if (mode === "events") {
    return gatherCompletion(await chat.create({ ...body, stream: true }), come);
  }
  const stream = chat.stream(body);
  stream.on("content", (delta) => come.push(delta));
  // The helper knows no thoughts: of a member it has no name for it keeps the last piece.
  let thinking = "";
  stream.on("chunk", ({ choices }) => {
    for (const { delta } of choices) thinking += delta.reasoning_content ?? "";
  });
  return { ...ofCompletion(await stream.finalChatCompletion()), thinking };
}

/** As a naive client does: what has a name is set, what is text is appended. */
async function gatherCompletion(chunks, come) {
  const it = { text: "", refusal: "", thinking: "", tool_calls: [] };
  let usage;
  for await (const chunk of chunks) {
    it.id = chunk.id;
    it.model = chunk.model;
    usage = chunk.usage;
    for (const { delta, finish_reason } of chunk.choices) {
      it.text += delta.content ?? "";
      come.push(delta.content ?? "");
      it.refusal += delta.refusal ?? "";
      it.thinking += delta.reasoning_content ?? "";
      for (const call of delta.tool_calls ?? []) {
        if (call.index === it.tool_calls.length) {
          it.tool_calls.push({ id: call.id, name: call.function.name, arguments: "" });
        } else {
          assert(!call.id && !call.function.name, "named once");
        }
        it.tool_calls[call.index].arguments += call.function.arguments ?? "";
      }
      if (finish_reason) {
        assert(!it.stop, "one reason to stop");
        it.stop = finish_reason;
      }
    }
  }
  for (const call of it.tool_calls) call.arguments = JSON.parse(call.arguments);
  return { ...it, usage: ofChatUsage(usage) };
}

export function ofCompletion({ id, model, choices, usage }) {
  const [{ message, finish_reason }] = choices;
  return {
    id,
    model,
    text: message.content ?? "",
    refusal: message.refusal ?? "",
    thinking: message.reasoning_content ?? "",
    tool_calls: (message.tool_calls ?? []).map((it) => ({
      id: it.id,
      name: it.function.name,
      arguments: JSON.parse(it.function.arguments),
    })),
    stop: finish_reason,
    usage: ofChatUsage(usage),
  };
}

function ofChatUsage(usage) {
  return {
    input: usage.prompt_tokens,
    cache_read: usage.prompt_tokens_details?.cached_tokens ?? 0,
    cache_write: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
    output: usage.completion_tokens,
    reasoning: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    total: usage.total_tokens,
  };
}

// Gemini

export const google = (base, headers, apiKey = KEY) =>
  new GoogleGenAI({ apiKey, httpOptions: { baseUrl: base, timeout: TIMEOUT, headers } });

async function askGemini({ models }, mode, request, come) {
  const { contents, generationConfig, systemInstruction, tools, toolConfig, cachedContent } =
    request.body;
  const config = { ...generationConfig, systemInstruction, tools, toolConfig, cachedContent };
  const sent = camel({ model: request.model, contents, config });
  if (mode === "whole") return ofChunks([await models.generateContent(sent)], come);
  return ofChunks(await models.generateContentStream(sent), come);
}

/** The Python SDK spells some members in snake_case; this one knows only its own. */
function camel(value) {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, it]) => it !== undefined);
  return Object.fromEntries(
    entries.map(([name, it]) => {
      const spelled = name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
      // Schemas and arguments are the person's own words.
      const own = ["parametersJsonSchema", "responseJsonSchema", "args", "response"];
      return [spelled, own.includes(spelled) ? it : camel(it)];
    }),
  );
}

export async function ofChunks(chunks, come) {
  const it = { text: "", refusal: "", thinking: "", tool_calls: [], stop: null };
  let usage;
  for await (const chunk of chunks) {
    assert(it.stop === null, "nothing comes behind the reason to stop");
    it.id = chunk.responseId;
    it.model = chunk.modelVersion ?? it.model;
    usage = chunk.usageMetadata ?? usage;
    const blocked = chunk.promptFeedback?.blockReason;
    if (blocked) it.stop = `blocked: ${blocked}`;
    for (const candidate of chunk.candidates ?? []) {
      for (const part of candidate.content?.parts ?? []) {
        if (part.functionCall) {
          const { id, name, args } = part.functionCall;
          it.tool_calls.push({ id, name, arguments: args ?? {} });
        } else if (part.text) {
          it[part.thought ? "thinking" : "text"] += part.text;
          if (!part.thought) come.push(part.text);
        }
      }
      if (candidate.finishReason) it.stop = candidate.finishReason;
    }
  }
  return {
    ...it,
    usage: {
      input: usage.promptTokenCount,
      cache_read: usage.cachedContentTokenCount ?? 0,
      output: usage.candidatesTokenCount ?? 0,
      reasoning: usage.thoughtsTokenCount ?? 0,
      total: usage.totalTokenCount,
    },
  };
}

const CLIENTS = { anthropic, responses: openai, chat: openai, gemini: google };
const ASK = { anthropic: askAnthropic, responses: askResponses, chat: askChat, gemini: askGemini };
