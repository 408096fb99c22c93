// A coding agent's conversation in each dialect, as the SDK's own users write it.
//
// Owns: one agent a dialect, as in agents.py: the history is made of what the SDK returned.
// Must not know: what is behind the address.

import { google, anthropic, openai, ofChunks, ofCompletion, ofMessage, ofResponse } from "./clients.mjs";

const SYSTEM = "You are a careful coding agent.";
const TOOLS = Object.entries({
  get_weather: {
    type: "object",
    properties: { location: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
    required: ["location"],
  },
  search_news: {
    type: "object",
    properties: { query: { type: "string" }, limit: { type: "integer" } },
    required: ["query"],
  },
});
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const ADDRESS = `data:image/png;base64,${PNG}`;

class Anthropic {
  messages = [];
  constructor(base, model, stream) {
    this.api = anthropic(base).messages;
    this.stream = stream;
    const tools = TOOLS.map(([name, input_schema]) => ({ name, description: name, input_schema }));
    const thinking = { type: "adaptive" };
    this.common = { model, max_tokens: 4096, system: SYSTEM, tools, thinking };
  }
  user(text, image) {
    const source = { type: "base64", media_type: "image/png", data: PNG };
    const picture = image ? [{ type: "image", source }] : [];
    this.messages.push({ role: "user", content: [...picture, { type: "text", text }] });
  }
  async ask() {
    const body = { ...this.common, messages: this.messages };
    const message = this.stream
      ? await this.api.stream(body).finalMessage()
      : await this.api.create(body);
    this.messages.push({ role: "assistant", content: message.content });
    return ofMessage(message);
  }
  results(results) {
    const content = results.map(({ id, text, failed }) => ({
      type: "tool_result",
      tool_use_id: id,
      content: text,
      is_error: failed,
    }));
    this.messages.push({ role: "user", content });
  }
}

class Responses {
  items = [];
  constructor(base, model, stream) {
    this.api = openai(base).responses;
    this.stream = stream;
    const tools = TOOLS.map(([name, parameters]) => ({
      type: "function",
      name,
      parameters,
      strict: false,
    }));
    const include = ["reasoning.encrypted_content"];
    const reasoning = { effort: "medium", summary: "auto" };
    this.common = { model, instructions: SYSTEM, tools, store: false, include, reasoning };
  }
  user(text, image) {
    const picture = image ? [{ type: "input_image", image_url: ADDRESS, detail: "auto" }] : [];
    const content = [...picture, { type: "input_text", text }];
    this.items.push({ type: "message", role: "user", content });
  }
  async ask() {
    const body = { ...this.common, input: this.items };
    const response = this.stream
      ? await this.api.stream(body).finalResponse()
      : await this.api.create(body);
    for (const { parsed_arguments, ...item } of response.output) this.items.push(item);
    return ofResponse(response);
  }
  results(results) {
    for (const { id, text } of results) {
      this.items.push({ type: "function_call_output", call_id: id, output: text });
    }
  }
}

class Chat {
  messages = [{ role: "system", content: SYSTEM }];
  constructor(base, model, stream) {
    this.api = openai(base).chat.completions;
    this.stream = stream;
    const tools = TOOLS.map(([name, parameters]) => ({
      type: "function",
      function: { name, parameters },
    }));
    this.common = { model, tools, reasoning_effort: "medium" };
  }
  user(text, image) {
    const picture = image ? [{ type: "image_url", image_url: { url: ADDRESS } }] : [];
    this.messages.push({ role: "user", content: [...picture, { type: "text", text }] });
  }
  async ask() {
    const body = { ...this.common, messages: this.messages };
    let completion;
    let thinking;
    if (this.stream) {
      const stream = this.api.stream({ ...body, stream_options: { include_usage: true } });
      thinking = "";
      stream.on("chunk", ({ choices }) => {
        for (const { delta } of choices) thinking += delta.reasoning_content ?? "";
      });
      completion = await stream.finalChatCompletion();
    } else {
      completion = await this.api.create(body);
    }
    const { parsed, ...message } = completion.choices[0].message;
    this.messages.push(message);
    const told = ofCompletion(completion);
    return thinking === undefined ? told : { ...told, thinking };
  }
  results(results) {
    for (const { id, text } of results) {
      this.messages.push({ role: "tool", tool_call_id: id, content: text });
    }
  }
}

class Gemini {
  contents = [];
  constructor(base, model, stream) {
    this.api = google(base).models;
    this.stream = stream;
    const functionDeclarations = TOOLS.map(([name, parametersJsonSchema]) => ({
      name,
      description: name,
      parametersJsonSchema,
    }));
    const thinkingConfig = { includeThoughts: true, thinkingBudget: 2048 };
    const config = { systemInstruction: SYSTEM, tools: [{ functionDeclarations }], thinkingConfig };
    this.common = { model, config };
  }
  user(text, image) {
    const picture = image ? [{ inlineData: { mimeType: "image/png", data: PNG } }] : [];
    this.contents.push({ role: "user", parts: [...picture, { text }] });
  }
  async ask() {
    const sent = { ...this.common, contents: this.contents };
    const chunks = [];
    if (this.stream) {
      for await (const chunk of await this.api.generateContentStream(sent)) chunks.push(chunk);
    } else {
      chunks.push(await this.api.generateContent(sent));
    }
    const parts = chunks.flatMap((it) => it.candidates?.[0]?.content?.parts ?? []);
    this.contents.push({ role: "model", parts });
    return ofChunks(chunks, []);
  }
  results(results) {
    const parts = results.map(({ id, name, text, failed }) => ({
      functionResponse: { id, name, response: { [failed ? "error" : "output"]: text } },
    }));
    this.contents.push({ role: "user", parts });
  }
}

const AGENTS = { anthropic: Anthropic, responses: Responses, chat: Chat, gemini: Gemini };

/** The recorded calls of `tool_call` have the ids of these: no conversation has both. */
export const CASES = ["parallel_tool_calls", "thinking_text", "refusal", "plain_text"];

/** A whole loop: two calls at once, their results and a thought, a picture, the answer. */
export async function play(base, dialect, model, stream) {
  const agent = new AGENTS[dialect](base, model, stream);
  agent.user("Weather in SF and the latest AI news?", false);
  const turns = [await agent.ask()];
  const [first, second] = turns[0].tool_calls;
  agent.results([
    { id: first.id, name: first.name, text: '{"temp_c": 18, "sky": "晴"}', failed: false },
    { id: second.id, name: second.name, text: "connection refused", failed: true },
  ]);
  turns.push(await agent.ask());
  agent.user("And what is this?", true);
  turns.push(await agent.ask());
  agent.user("Then say hello.", false);
  turns.push(await agent.ask());
  return turns;
}
