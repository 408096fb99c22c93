"""What Claude Code and codex send, byte for byte in form, as far as their exchanges were seen.

Owns: their probes, headers and bodies; that the answer's bytes are what their parsers take.
Must not know: what the upstream makes of it; the fake refuses what a provider would.
"""

import http.client
import json
import urllib.parse
import uuid

import stack as stacks
import wire

SESSION = "3f0c6d1e-8f57-4a52-9a53-1b7f8f8f2f10"
PATCH = "*** Begin Patch\n*** Update File: a.txt\n@@\n-old\n+new\n*** End Patch"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


def send(stack, method, path, headers, body=None):
    address = urllib.parse.urlsplit(stack.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    connection.request(method, path, data, headers)
    answer = connection.getresponse()
    raw = answer.read()
    connection.close()
    return answer.status, answer.headers.get("content-type"), raw


def alive(stack, row):
    """Problems of a stream with pauses: every pause is bridged, by what the client's parser takes."""
    status, kind, raw = wire.fetch(stack.url, {**row, "upstream": None}, stack.key)
    # What passes through keeps the line ends it came with; all parsers take both.
    raw = raw.replace(b"\r\n", b"\n")
    sign = {
        "anthropic": b"event: ping\n",
        "responses": b"\n: keepalive\n\n",
        "chat": b"\n: keepalive\n\n",
        "gemini": b"\n\n\n",
    }[row["client"]]
    problems = wire.check(row, status, kind, raw)
    # One of the case's own pings, where there is one, is not enough.
    return problems if raw.count(sign) > 1 else [*problems, f"no sign of life: {raw}"]


# Claude Code


def claude_headers(key):
    betas = [
        "claude-code-20250219",
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "fine-grained-tool-streaming-2025-05-14",
    ]
    return {
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": "claude-cli/2.1.329 (external, cli)",
        "x-app": "cli",
        "x-stainless-lang": "js",
        "x-stainless-retry-count": "0",
        "x-stainless-timeout": "600",
        "anthropic-dangerous-direct-browser-access": "true",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": ",".join(betas),
        "x-api-key": key,
    }


def claude_tools(names):
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The command to run"},
            "timeout": {"type": "number"},
        },
        "required": ["command"],
        "additionalProperties": False,
    }
    own = [{"name": it, "description": f"{it} a thing.", "input_schema": schema} for it in names]
    deferred = {"name": "NotebookEdit", "description": "Edits.", "input_schema": schema}
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    return [*own, {**deferred, "defer_loading": True}, search]


def claude_body(model, later):
    short = {"type": "ephemeral"}
    long = {"type": "ephemeral", "ttl": "1h"}
    messages = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<system-reminder>\nToday is Tuesday.\n</system-reminder>"},
                {"type": "text", "text": "看看 a.txt 🙂", "cache_control": short},
            ],
        },
        {"role": "system", "content": "The user opened a.txt."},
    ]
    if later:
        messages += [
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I'll look."},
                    {
                        "type": "tool_use",
                        "id": "toolu_01A",
                        "name": "Bash",
                        "input": {"command": "cat a.txt", "timeout": 5},
                    },
                    {"type": "tool_use", "id": "toolu_01B", "name": "Read", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_01A", "content": "old\n"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_01B",
                        "is_error": True,
                        "content": [
                            {"type": "text", "text": "no such file"},
                            {
                                "type": "image",
                                "source": {
                                    "type": "base64",
                                    "media_type": "image/png",
                                    "data": PNG,
                                },
                            },
                        ],
                        "cache_control": short,
                    },
                ],
            },
            {
                "role": "system",
                "content": [{"type": "text", "text": "Plan mode ended."}],
                "output_config": {"effort": "high"},
            },
        ]
    return {
        "model": model,
        "messages": messages,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329;"},
            {
                "type": "text",
                "text": "You are Claude Code, Anthropic's official CLI for Claude.",
                "cache_control": long,
            },
            {"type": "text", "text": "# Tone\nBe terse.", "cache_control": long},
        ],
        "tools": claude_tools(["Bash", "Read", "get_weather"]),
        "metadata": {"user_id": f"user_{'0' * 64}_account__session_{SESSION}"},
        "max_tokens": 32000,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "stream": True,
    }


def claude_code(stack, model):
    """(name, problems) for each thing it does, in its order."""
    headers = claude_headers(stack.key)
    for method, path in [("HEAD", "/"), ("HEAD", "/api/hello")]:
        status, _, _ = send(stack, method, path, {"user-agent": headers["user-agent"]})
        yield f"{method} {path}", [] if status in [200, 404] else [f"{status}"]
    for later in [False, True]:
        case = "plain_text" if later else "tool_call"
        stack.answers_with(case)
        body = claude_body(model, later)
        said = send(stack, "POST", "/v1/messages?beta=true", headers, body)
        yield f"turn {1 + later}, streamed", wire.check({"client": "anthropic"}, *said)
    # What it does after a broken stream: the same body, whole.
    status, _, raw = send(
        stack, "POST", "/v1/messages?beta=true", headers, {**body, "stream": False}
    )
    whole = status == 200 and json.loads(raw)["stop_reason"] == "end_turn"
    yield "turn 2, whole", [] if whole else [f"{status}: {raw}"]
    left_out = ["max_tokens", "stream", "metadata", "output_config", "context_management"]
    counted = {name: it for name, it in body.items() if name not in left_out}
    path = "/v1/messages/count_tokens?beta=true"
    status, _, raw = send(stack, "POST", path, headers, counted)
    fits = status == 200 and json.loads(raw)["input_tokens"] > 0
    yield "count_tokens", [] if fits else [f"{status}: {raw}"]
    status, _, raw = send(stack, "GET", "/v1/models?limit=1000", headers)
    known = status == 200 and model in [it["id"] for it in json.loads(raw)["data"]]
    yield "models", [] if known else [f"{status}: {raw}"]


# codex


def codex_headers(key, lite):
    headers = {
        "accept": "text/event-stream",
        "content-type": "application/json",
        "authorization": f"Bearer {key}",
        "user-agent": "codex_cli_rs/0.169.0 (Debian 12; x86_64) xterm",
        "originator": "codex_cli_rs",
        "version": "0.169.0",
        "session_id": SESSION,
        "conversation_id": SESSION,
        "openai-beta": "responses=experimental",
    }
    return {**headers, "x-openai-internal-codex-responses-lite": "true"} if lite else headers


def codex_tools():
    schema = {
        "type": "object",
        "properties": {"command": {"type": "array", "items": {"type": "string"}}},
        "required": ["command"],
        "additionalProperties": False,
    }
    grammar = {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch" LF'}
    function = {"type": "function", "description": "Does it.", "strict": False}
    return [
        {**function, "name": "shell", "parameters": schema},
        {"type": "custom", "name": "apply_patch", "description": "Patches.", "format": grammar},
        # The recorded call names it: it has to come back in the form it was declared in.
        {"type": "custom", "name": "get_weather", "description": "Free text.", "format": grammar},
        {
            "type": "namespace",
            "name": "mcp__files",
            "description": "Files.",
            "tools": [{**function, "name": "read", "parameters": schema}],
        },
    ]


def codex_body(model, lite, later):
    def said(role, text):
        kind = "output_text" if role == "assistant" else "input_text"
        return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}

    items = [said("developer", "<permissions>read-only</permissions>"), said("user", "改 a.txt")]
    if later:
        items += [
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "**Looking**"}],
                "content": None,
                "encrypted_content": "gAAAAABcodex-proof",
            },
            said("assistant", "I'll patch it."),
            {
                "type": "function_call",
                "name": "shell",
                "arguments": '{"command":["cat","a.txt"]}',
                "call_id": "call_1",
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "old\n"},
            {
                "type": "custom_tool_call",
                "status": "completed",
                "call_id": "call_2",
                "name": "apply_patch",
                "input": PATCH,
            },
            {"type": "custom_tool_call_output", "call_id": "call_2", "output": "Done"},
            {
                "type": "function_call",
                "name": "read",
                "namespace": "mcp__files",
                "arguments": '{"command":[]}',
                "call_id": "call_3",
            },
            {
                "type": "function_call_output",
                "call_id": "call_3",
                "output": [
                    {"type": "input_text", "text": "a picture"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
                ],
            },
            said("user", "Go on"),
        ]
    tools = [*codex_tools(), {"type": "web_search", "external_web_access": False}]
    body = {
        "model": model,
        "instructions": "You are Codex, a coding agent.",
        "input": items,
        "tools": tools,
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": SESSION,
        "client_metadata": {"x-codex-installation-id": str(uuid.UUID(int=7))},
        "text": {"verbosity": "low"},
    }
    if lite:
        del body["tools"]
        more = {"type": "additional_tools", "role": "developer", "tools": codex_tools()}
        body["input"] = [more, *items]
        body["reasoning"] = {"effort": "medium", "context": "auto"}
    return body


def codex(stack, model):
    for lite in [False, True]:
        kind = "lite" if lite else "ordinary"
        for later in [False, True]:
            stack.answers_with("plain_text" if later else "tool_call")
            body = codex_body(model, lite, later)
            said = send(stack, "POST", "/v1/responses", codex_headers(stack.key, lite), body)
            problems = wire.check({"client": "responses"}, *said)
            # Where codex meets its own provider, the call comes as recorded.
            if not later and not problems and stacks.MODELS[model] != "openai":
                problems = custom_call(said[2])
            yield f"{kind}, turn {1 + later}", problems


def custom_call(raw):
    """A call of a tool that was declared to take free text comes as one."""
    items = [
        json.loads(line.removeprefix("data: "))["item"]
        for line in raw.decode().split("\n")
        if line.startswith('data: {"type":"response.output_item.done"')
        or '"type":"response.output_item.done"' in line[:200]
    ]
    calls = [it for it in items if it["type"].endswith("_call")]
    if [it["type"] for it in calls] == ["custom_tool_call"] and calls[0]["input"]:
        return []
    return [f"a custom_tool_call was expected: {calls}"]
