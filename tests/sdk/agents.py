"""A coding agent's conversation in each dialect, as the SDK's own users write it.

Owns: one `Agent` a dialect: the history is made of what the SDK returned, nothing is rebuilt.
Must not know: what is behind the address.
"""

import json

from google.genai import types as google

import clients

SYSTEM = "You are a careful coding agent."
TOOLS = {
    "get_weather": {
        "type": "object",
        "properties": {"location": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
        "required": ["location"],
    },
    "search_news": {
        "type": "object",
        "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["query"],
    },
}
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


class Anthropic:
    def __init__(self, base, model, stream):
        self.api = clients.client_of("anthropic", base).messages
        self.stream = stream
        self.messages = []
        tools = [
            {"name": name, "description": name, "input_schema": schema}
            for name, schema in TOOLS.items()
        ]
        self.common = {
            "model": model,
            "max_tokens": 4096,
            "system": SYSTEM,
            "tools": tools,
            "thinking": {"type": "adaptive"},
        }

    def user(self, text, image=False):
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        picture = [{"type": "image", "source": source}] if image else []
        content = [*picture, {"type": "text", "text": text}]
        self.messages.append({"role": "user", "content": content})

    def ask(self):
        if self.stream:
            with self.api.stream(**self.common, messages=self.messages) as stream:
                message = stream.get_final_message()
        else:
            message = self.api.create(**self.common, messages=self.messages)
        self.messages.append({"role": "assistant", "content": message.content})
        return clients.of_message(message)

    def results(self, results):
        blocks = [
            {"type": "tool_result", "tool_use_id": id, "content": text, "is_error": failed}
            for id, _, text, failed in results
        ]
        self.messages.append({"role": "user", "content": blocks})


class Responses:
    def __init__(self, base, model, stream):
        self.api = clients.client_of("responses", base).responses
        self.stream = stream
        self.items = []
        tools = [
            {"type": "function", "name": name, "parameters": schema, "strict": False}
            for name, schema in TOOLS.items()
        ]
        include = ["reasoning.encrypted_content"]
        self.common = {
            "model": model,
            "instructions": SYSTEM,
            "tools": tools,
            "store": False,
            "include": include,
            "reasoning": {"effort": "medium", "summary": "auto"},
        }

    def user(self, text, image=False):
        address = f"data:image/png;base64,{PNG}"
        picture = [{"type": "input_image", "image_url": address, "detail": "auto"}] if image else []
        content = [*picture, {"type": "input_text", "text": text}]
        self.items.append({"type": "message", "role": "user", "content": content})

    def ask(self):
        if self.stream:
            with self.api.stream(**self.common, input=self.items) as stream:
                response = stream.get_final_response()
        else:
            response = self.api.create(**self.common, input=self.items)
        # `exclude_none`: what the helper adds for itself (`parsed`) is no part of an item.
        self.items += [it.model_dump(exclude_none=True, exclude={"parsed_arguments"})
                       for it in response.output]
        return clients.of_response(response)

    def results(self, results):
        self.items += [
            {"type": "function_call_output", "call_id": id, "output": text}
            for id, _, text, _ in results
        ]


class Chat:
    def __init__(self, base, model, stream):
        self.api = clients.client_of("chat", base).chat.completions
        self.stream = stream
        self.messages = [{"role": "system", "content": SYSTEM}]
        # The helper takes strict tools only.
        tools = [
            {"type": "function", "function": {"name": name, "parameters": schema, "strict": True}}
            for name, schema in TOOLS.items()
        ]
        self.common = {"model": model, "tools": tools, "reasoning_effort": "medium"}

    def user(self, text, image=False):
        address = f"data:image/png;base64,{PNG}"
        picture = [{"type": "image_url", "image_url": {"url": address}}] if image else []
        content = [*picture, {"type": "text", "text": text}]
        self.messages.append({"role": "user", "content": content})

    def ask(self):
        if self.stream:
            counts = {"include_usage": True}
            common = {**self.common, "messages": self.messages, "stream_options": counts}
            with self.api.stream(**common) as stream:
                completion = stream.get_final_completion()
        else:
            completion = self.api.create(**self.common, messages=self.messages)
        message = completion.choices[0].message
        self.messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        for call in self.messages[-1].get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
            call.pop("index", None)
        return clients.of_completion(completion)

    def results(self, results):
        self.messages += [
            {"role": "tool", "tool_call_id": id, "content": text} for id, _, text, _ in results
        ]


class Gemini:
    def __init__(self, base, model, stream):
        # The SDK's methods live as long as their client.
        self.client = clients.client_of("gemini", base)
        self.stream = stream
        self.contents = []
        declared = [
            {"name": name, "description": name, "parametersJsonSchema": schema}
            for name, schema in TOOLS.items()
        ]
        config = google.GenerateContentConfig(
            system_instruction=SYSTEM,
            tools=[google.Tool(function_declarations=declared)],
            thinking_config=google.ThinkingConfig(include_thoughts=True, thinking_budget=2048),
        )
        self.common = {"model": model, "config": config}

    def user(self, text, image=False):
        picture = {"inlineData": {"mimeType": "image/png", "data": PNG}}
        parts = [*([picture] if image else []), {"text": text}]
        self.contents.append(clients.content_of({"role": "user", "parts": parts}))

    def ask(self):
        common = {**self.common, "contents": self.contents}
        if self.stream:
            chunks = list(self.client.models.generate_content_stream(**common))
        else:
            chunks = [self.client.models.generate_content(**common)]
        parts = [
            part
            for chunk in chunks
            for candidate in chunk.candidates
            for part in (candidate.content and candidate.content.parts) or []
        ]
        self.contents.append(google.Content(role="model", parts=parts))
        return clients.of_chunks(chunks, [])

    def results(self, results):
        parts = [
            google.Part.from_function_response(
                name=name, response={"error" if failed else "output": text}
            )
            for _, name, text, failed in results
        ]
        for part, (id, *_) in zip(parts, results, strict=True):
            part.function_response.id = id
        self.contents.append(google.Content(role="user", parts=parts))


AGENTS = {"anthropic": Anthropic, "responses": Responses, "chat": Chat, "gemini": Gemini}


OPENING = "Weather in SF and the latest AI news?"
# The recorded calls of `tool_call` have the ids of these: no conversation has both.
CASES = ["parallel_tool_calls", "thinking_text", "refusal", "plain_text"]


def play(base, dialect, model, stream):
    """A whole loop: two calls at once, their results and a thought, a picture, the answer."""
    agent = AGENTS[dialect](base, model, stream)
    agent.user(OPENING)
    turns = [agent.ask()]
    first, second = turns[0]["tool_calls"]
    agent.results(
        [
            (first["id"], first["name"], json.dumps({"temp_c": 18, "sky": "晴"}), False),
            (second["id"], second["name"], "connection refused", True),
        ]
    )
    turns.append(agent.ask())
    agent.user("And what is this?", image=True)
    turns.append(agent.ask())
    agent.user("Then say hello.")
    turns.append(agent.ask())
    return turns
