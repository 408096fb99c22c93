"""The official Python SDKs, each read in its own terms and told in one form.

Owns: one `ask` a dialect, which sends a request and answers what the SDK ended up with: model,
text, refusal, thinking, tool calls, stop, usage; or the exception it raised.
Must not know: what is expected.
"""

import functools
import json
import os

import anthropic
import openai
from google import genai
from google.genai import errors as google_errors
from google.genai import types as google

SDK_ERRORS = (anthropic.APIError, openai.APIError, google_errors.APIError)
TIMEOUT = 30
# What the gateway lets in; the server of fixtures asks for nothing.
KEY = os.environ.get("SDK_KEY", "none")
# Members the API takes of older models and the SDK has no arguments for any more.
GONE = ["temperature", "top_p", "top_k"]


class Failed(Exception):
    """An answer that says of itself that it failed, where the SDK raises nothing."""

    def __init__(self, message):
        super().__init__(message)


def client_of(dialect, base, headers=None, key=None):
    """A client as strict as the SDK can be, that never asks twice."""
    if dialect == "gemini":
        options = google.HttpOptions(base_url=base, timeout=TIMEOUT * 1000, headers=headers)
        return genai.Client(api_key=key or KEY, http_options=options)
    if dialect == "anthropic":
        return shared(anthropic.Anthropic).with_options(
            base_url=base, default_headers=headers, api_key=key or KEY
        )
    return shared(openai.OpenAI).with_options(
        base_url=f"{base}/v1", default_headers=headers, api_key=key or KEY
    )


@functools.cache
def shared(kind):
    """One client of a kind: making its TLS context takes longer than a row."""
    return kind(
        base_url="http://127.0.0.1",
        api_key=KEY,
        max_retries=0,
        timeout=TIMEOUT,
        _strict_response_validation=True,
    )


def ask(dialect, base, mode, request, headers=None, key=None):
    """What came of one request: {"message": ...} or {"error": ..., "text": what had come}."""
    come = []
    try:
        client = client_of(dialect, base, headers, key)
        return {"message": ASK[dialect](client, mode, request, come)}
    except SDK_ERRORS as error:
        return {"error": error_of(error), "text": "".join(come)}
    except Failed as failed:
        error = {"python": "failed", "message": str(failed)}
        return {"error": error, "text": "".join(come)}


def models(dialect, base):
    """The ids of the models that the SDK lists."""
    # Held while it lists: one of Google's clients closes when nobody has it any more.
    client = client_of(dialect, base)
    listed = client.models.list()
    return [it.name.removeprefix("models/") if dialect == "gemini" else it.id for it in listed]


def count_tokens(dialect, base, model, text):
    """How many tokens a text has, by the SDK's method; chat has none."""
    client = client_of(dialect, base)
    if dialect == "gemini":
        return client.models.count_tokens(model=model, contents=text).total_tokens
    if dialect == "responses":
        return client.responses.input_tokens.count(model=model, input=text).input_tokens
    messages = [{"role": "user", "content": text}]
    return client.messages.count_tokens(model=model, messages=messages).input_tokens


def error_of(error):
    it = {"python": type(error).__name__, "message": str(error)}
    if isinstance(error, google_errors.APIError):
        return {**it, "status": error.code, "type": error.status}
    if isinstance(error, anthropic.APIStatusError) and isinstance(error.body, dict):
        it["type"] = error.body.get("error", {}).get("type")
    if hasattr(error, "status_code"):
        it["status"] = error.status_code
    return it


def body(request, *without):
    return {name: value for name, value in request["body"].items() if name not in without}


# Anthropic Messages


def ask_anthropic(client, mode, request, come):
    kwargs = body(request, "stream", *GONE)
    kwargs["extra_body"] = {it: request["body"][it] for it in GONE if it in request["body"]}
    if mode == "whole":
        return of_message(client.messages.create(**kwargs))
    if mode == "stream":
        with client.messages.stream(**kwargs) as stream:
            for event in stream:
                if event.type == "text":
                    come.append(event.text)
            return of_message(stream.get_final_message())
    return of_message(gather_message(client.messages.create(**kwargs, stream=True), come))


def gather_message(events, come):
    """As an agent does that has no accumulator: blocks by index, the last count of each kind."""
    message, inputs, ended = None, {}, False
    for event in events:
        if event.type == "message_start":
            message = event.message
        elif event.type == "content_block_start":
            assert event.index == len(message.content), "indexes are contiguous"
            message.content.append(event.content_block)
        elif event.type == "content_block_delta":
            block, delta = message.content[event.index], event.delta
            if delta.type == "text_delta":
                block.text += delta.text
                come.append(delta.text)
            elif delta.type == "thinking_delta":
                block.thinking += delta.thinking
            elif delta.type == "signature_delta":
                block.signature = delta.signature
            elif delta.type == "input_json_delta":
                inputs[event.index] = inputs.get(event.index, "") + delta.partial_json
        elif event.type == "content_block_stop":
            if message.content[event.index].type == "tool_use":
                message.content[event.index].input = json.loads(inputs.get(event.index) or "{}")
        elif event.type == "message_delta":
            message.stop_reason = event.delta.stop_reason
            told = event.usage.model_dump(exclude_none=True)
            message.usage = message.usage.model_copy(
                update={name: getattr(event.usage, name) for name in told}
            )
        elif event.type == "message_stop":
            ended = True
    assert ended, "the stream says that it ended"
    return message


def of_message(message):
    blocks = message.content
    usage = message.usage
    details = getattr(usage, "output_tokens_details", None)
    return {
        "id": message.id,
        "model": message.model,
        "text": "".join(it.text for it in blocks if it.type == "text"),
        "refusal": "",
        "thinking": "".join(it.thinking for it in blocks if it.type == "thinking"),
        "signature": "".join(it.signature or "" for it in blocks if it.type == "thinking"),
        "tool_calls": [
            {"id": it.id, "name": it.name, "arguments": it.input}
            for it in blocks
            if it.type == "tool_use"
        ],
        "stop": message.stop_reason,
        "usage": {
            "input": usage.input_tokens,
            "cache_read": usage.cache_read_input_tokens or 0,
            "cache_write": usage.cache_creation_input_tokens or 0,
            "output": usage.output_tokens,
            "reasoning": (details.thinking_tokens if details else 0) or 0,
        },
    }


# OpenAI Responses


def ask_responses(client, mode, request, come):
    kwargs = body(request, "stream")
    if mode == "whole":
        return of_response(client.responses.create(**kwargs))
    if mode == "stream":
        with client.responses.stream(**kwargs) as stream:
            response = last_response(stream, come)
            if response.status == "completed":
                response = stream.get_final_response()
            return of_response(response)
    items = []
    events = client.responses.create(**kwargs, stream=True)
    response = last_response(events, come, items)
    # As codex does: the turn is made of the items that were done.
    return of_response(response.model_copy(update={"output": items}))


def last_response(events, come, items=None):
    """The response of the terminal event; the items that were done go to `items`."""
    last, number = None, 0
    for event in events:
        assert last is None, "nothing comes behind the terminal event"
        if items is not None:
            assert event.sequence_number == number, "sequence numbers count from 0"
            number += 1
        if event.type == "response.output_text.delta":
            come.append(event.delta)
        elif event.type == "response.output_item.done" and items is not None:
            items.append(event.item)
        elif event.type in ["response.completed", "response.incomplete", "response.failed"]:
            last = event.response
    assert last is not None, "the stream says that it ended"
    return last


def of_response(response):
    if response.status == "failed":
        raise Failed(response.error.message)
    items, usage = response.output, response.usage
    parts = [part for it in items if it.type == "message" for part in it.content]
    thoughts = [it for it in items if it.type == "reasoning"]
    incomplete = response.incomplete_details
    return {
        "id": response.id,
        "model": response.model,
        "text": "".join(it.text for it in parts if it.type == "output_text"),
        "refusal": "".join(it.refusal for it in parts if it.type == "refusal"),
        "thinking": "".join(part.text for it in thoughts for part in it.summary),
        "signature": "".join(it.encrypted_content or "" for it in thoughts),
        "tool_calls": [
            {"id": it.call_id, "name": it.name, "arguments": json.loads(it.arguments)}
            for it in items
            if it.type == "function_call"
        ],
        "stop": f"incomplete: {incomplete.reason}" if incomplete else response.status,
        "usage": {
            "input": usage.input_tokens,
            "cache_read": usage.input_tokens_details.cached_tokens,
            "cache_write": getattr(usage.input_tokens_details, "cache_write_tokens", 0) or 0,
            "output": usage.output_tokens,
            "reasoning": usage.output_tokens_details.reasoning_tokens,
            "total": usage.total_tokens,
        },
    }


# OpenAI Chat Completions


def ask_chat(client, mode, request, come):
    kwargs = body(request, "stream", "stream_options")
    chat = client.chat.completions
    if mode == "whole":
        return of_completion(chat.create(**kwargs))
    kwargs["stream_options"] = {"include_usage": True}
    if mode == "events":
        return gather_completion(chat.create(**kwargs, stream=True), come)
    # The helper takes strict tools only, since it promises to parse their arguments.
    tools = [
        {**it, "function": {**it["function"], "strict": True}} for it in kwargs.get("tools", [])
    ]
    if tools:
        kwargs["tools"] = tools
    with chat.stream(**kwargs) as stream:
        try:
            for event in stream:
                if event.type == "content.delta":
                    come.append(event.delta)
            return of_completion(stream.get_final_completion())
        except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
            # It raises as soon as it reads the reason: what comes behind it is not looked at.
            seen = of_completion(stream.current_completion_snapshot)
            return {name: value for name, value in seen.items() if name != "usage"}


def gather_completion(chunks, come):
    """As a naive client does: what has a name is set, what is text is appended."""
    it = {"text": "", "refusal": "", "thinking": "", "tool_calls": []}
    for chunk in chunks:
        it["id"], it["model"] = chunk.id, chunk.model
        it["usage"] = chunk.usage
        for choice in chunk.choices:
            delta = choice.delta
            it["text"] += delta.content or ""
            come.append(delta.content or "")
            it["refusal"] += delta.refusal or ""
            it["thinking"] += getattr(delta, "reasoning_content", None) or ""
            for call in delta.tool_calls or []:
                if call.index == len(it["tool_calls"]):
                    made = {"id": call.id, "name": call.function.name, "arguments": ""}
                    it["tool_calls"].append(made)
                else:
                    assert call.id is None and call.function.name is None, "named once"
                it["tool_calls"][call.index]["arguments"] += call.function.arguments or ""
            if choice.finish_reason:
                assert "stop" not in it, "one reason to stop"
                it["stop"] = choice.finish_reason
    for call in it["tool_calls"]:
        call["arguments"] = json.loads(call["arguments"])
    return {**it, "usage": of_chat_usage(it["usage"])}


def of_completion(completion):
    [choice] = completion.choices
    message = choice.message
    return {
        "id": completion.id,
        "model": completion.model,
        "text": message.content or "",
        "refusal": message.refusal or "",
        "thinking": getattr(message, "reasoning_content", None) or "",
        "tool_calls": [
            {
                "id": it.id,
                "name": it.function.name,
                "arguments": json.loads(it.function.arguments),
            }
            for it in message.tool_calls or []
        ],
        "stop": choice.finish_reason,
        "usage": of_chat_usage(completion.usage) if completion.usage else None,
    }


def of_chat_usage(usage):
    asked, answered = usage.prompt_tokens_details, usage.completion_tokens_details
    return {
        "input": usage.prompt_tokens,
        "cache_read": (asked and asked.cached_tokens) or 0,
        "cache_write": getattr(asked, "cache_write_tokens", None) or 0,
        "output": usage.completion_tokens,
        "reasoning": (answered and answered.reasoning_tokens) or 0,
        "total": usage.total_tokens,
    }


# Gemini


def ask_gemini(client, mode, request, come):
    arguments = {
        "model": request["model"],
        "contents": [content_of(it) for it in request["body"]["contents"]],
        "config": config_of(request["body"]),
    }
    if mode == "whole":
        return of_chunks([client.models.generate_content(**arguments)], come)
    return of_chunks(client.models.generate_content_stream(**arguments), come)


def content_of(content):
    return google.Content.model_validate_json(json.dumps(content))


def config_of(body):
    config = dict(body.get("generationConfig", {}))
    if "systemInstruction" in body:
        config["systemInstruction"] = content_of(body["systemInstruction"])
    for name in ["tools", "cachedContent", "safetySettings"]:
        if name in body:
            config[name] = body[name]
    if "toolConfig" in body:
        config["toolConfig"] = body["toolConfig"]
    return google.GenerateContentConfig.model_validate(config)


def of_chunks(chunks, come):
    it = {"text": "", "refusal": "", "thinking": "", "tool_calls": [], "stop": None}
    usage = None
    for chunk in chunks:
        assert it["stop"] is None, "nothing comes behind the reason to stop"
        it["id"] = chunk.response_id
        it["model"] = chunk.model_version or it.get("model")
        usage = chunk.usage_metadata or usage
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            it["stop"] = f"blocked: {chunk.prompt_feedback.block_reason.value}"
        for candidate in chunk.candidates or []:
            for part in (candidate.content and candidate.content.parts) or []:
                if part.function_call:
                    call = part.function_call
                    it["tool_calls"].append(
                        {"id": call.id, "name": call.name, "arguments": call.args or {}}
                    )
                elif part.text:
                    it["thinking" if part.thought else "text"] += part.text
                    come.append("" if part.thought else part.text)
            if candidate.finish_reason:
                it["stop"] = candidate.finish_reason.value
    return {
        **it,
        "usage": {
            "input": usage.prompt_token_count,
            "cache_read": usage.cached_content_token_count or 0,
            "output": usage.candidates_token_count or 0,
            "reasoning": usage.thoughts_token_count or 0,
            "total": usage.total_token_count,
        },
    }


ASK = {
    "anthropic": ask_anthropic,
    "responses": ask_responses,
    "chat": ask_chat,
    "gemini": ask_gemini,
}
