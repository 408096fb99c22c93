"""What every official client must end up with, row by row, from the fixtures alone.

Owns: the list of rows and what is expected of each (grammar sections 5.1, 5.2, 5.5). Nothing here
comes from the code under test: the meaning of a case is `fixtures/expected` (what the provider's
own SDK made of the untranslated answer) and `fixtures/semantic.json`.
Must not know: any SDK.

`plan.py fixtures` and `plan.py gateway` print a plan as JSON; the runners of both languages read
it.
"""

import json
import sys
from pathlib import Path

from stack import DIALECT_OF, KEYS, MODELS, PREFIXES

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "src-tauri/protocol/tests/fixtures"
EXPECTED = FIXTURES / "expected"
DIALECTS = ["anthropic", "responses", "chat", "gemini"]
# How a client reads an answer: whole, by the SDK's accumulator, or event by event as agents do.
MODES = {
    "anthropic": ["whole", "stream", "events"],
    "responses": ["whole", "stream", "events"],
    "chat": ["whole", "stream", "events"],
    "gemini": ["whole", "stream"],
}
# Breaks off inside the SDK's own meaning of "as recorded": nothing to hold against it.
NOT_AS_RECORDED = {"truncated", "stream_error", "stream_error_event"}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


SEMANTIC = read(FIXTURES / "semantic.json")


def rows():
    for client in DIALECTS:
        for upstream in [*DIALECTS, "recorded"]:
            for case in cases(client if upstream == "recorded" else upstream):
                for mode in MODES[client]:
                    row = answer_row(client, upstream, case, mode)
                    if row:
                        yield row
    yield from request_rows()


def cases(upstream):
    return sorted({it.name.split(".")[0] for it in (FIXTURES / upstream).iterdir()})


def answer_row(client, upstream, case, mode):
    source = client if upstream == "recorded" else upstream
    ending = "json" if mode == "whole" else "sse"
    if not (FIXTURES / source / f"{case}.{ending}").exists():
        return None
    if upstream == "recorded" and case in NOT_AS_RECORDED:
        return None
    request = FIXTURES / "requests" / client / f"{case}.json"
    row = {
        "name": f"{client} client, {case} of {upstream}, {mode}",
        "client": client,
        "upstream": upstream,
        "case": case,
        "mode": mode,
        "request": body_of(request if request.exists() else plain(client), mode),
        "compare_request": False,
    }
    return {**row, **expectation(client, upstream, source, case, mode)}


def request_rows():
    """Every recorded request, by the SDK's methods, with providers taking turns to answer."""
    for client in DIALECTS:
        for turn, path in enumerate(sorted((FIXTURES / "requests" / client).glob("*.json"))):
            for mode in ["whole", "stream" if client == "gemini" else "events"]:
                upstream = DIALECTS[turn % len(DIALECTS)]
                yield {
                    "name": f"{client} client sends {path.stem}, {mode}",
                    "client": client,
                    "upstream": upstream,
                    "case": "plain_text",
                    "mode": mode,
                    "request": body_of(path, mode),
                    "compare_request": True,
                    **expectation(client, upstream, upstream, "plain_text", mode),
                }


def gateway_rows():
    """What the gateway answers, with a model of every endpoint. Where client and endpoint speak
    the same, the answer passes through as recorded."""
    for client in DIALECTS:
        for model, endpoint in MODELS.items():
            source = DIALECT_OF[endpoint]
            upstream = "recorded" if source == client else source
            for case in cases(source):
                for mode in MODES[client]:
                    row = gateway_row(client, upstream, source, case, mode)
                    if row:
                        request = of_model(row["request"], model)
                        name = f"{client} client, {case} of {model} ({endpoint}), {mode}"
                        row = {**row, "name": name, "upstream": None, "request": request}
                        # A failing stream pauses its account: these bring their own key.
                        own = {"x-factory-api-key": KEYS[0]} if "expect_error" in row else None
                        yield {**row, **({"headers": own} if own else {})}
        for prefix, endpoint in PREFIXES.items():
            for model in MODELS:
                yield insisting_row(client, prefix, DIALECT_OF[endpoint], model)
        yield from sent_rows(client)


def sent_rows(client):
    """Recorded requests that no answer is named after: pictures, tools that must be called, results
    of tools, schemas. Every model of every family takes them."""
    for path in sorted((FIXTURES / "requests" / client).glob("*.json")):
        if (FIXTURES / client / f"{path.stem}.sse").exists():
            continue
        for model, endpoint in MODELS.items():
            source = DIALECT_OF[endpoint]
            upstream = "recorded" if source == client else source
            # Accumulators read the answer by the schema that was asked for.
            for mode in ["whole", "stream" if client == "gemini" else "events"]:
                yield {
                    "name": f"{client} client sends {path.stem} to {model} ({endpoint}), {mode}",
                    "client": client,
                    "upstream": None,
                    "case": "plain_text",
                    "sends": path.stem,
                    "mode": mode,
                    "request": of_model(body_of(path, mode), model),
                    "compare_request": False,
                    **expectation(client, upstream, source, "plain_text", mode),
                }


def insisting_row(client, prefix, source, model):
    """A path that insists on an endpoint: its provider answers, whatever the model."""
    row = answer_row(client, "recorded" if source == client else source, "tool_call", "stream")
    request = of_model(row["request"], model)
    name = f"{client} client at {prefix} with {model}"
    return {**row, "name": name, "upstream": None, "prefix": prefix, "request": request}


def gateway_row(client, upstream, source, case, mode):
    # Faults that pause an account are the relay's own tests: here all share one.
    if case in ["http_error_429", "http_error_529"]:
        return None
    if case.startswith("stream_error") and (mode == "whole" or case != "stream_error"):
        return None
    row = answer_row(client, source, case, mode)
    if row and "expect" in row and upstream == "recorded":
        row = answer_row(client, upstream, case, mode)
    return row


def of_model(request, model):
    body = {**request["body"], "model": model} if "model" in request["body"] else request["body"]
    return {"model": model, "body": body}


def plain(client):
    return FIXTURES / "requests" / client / "plain_text.json"


def body_of(path, mode):
    recorded = read(path)
    body = recorded["body"] if mode == "whole" else recorded["body_stream"]
    if "/models/" in recorded["path"]:
        return {"model": recorded["path"].split("/models/")[1].split(":")[0], "body": body}
    return {"model": body["model"], "body": body}


# What is expected.


def expectation(client, upstream, source, case, mode):
    meta = FIXTURES / source / f"{case}.meta.json"
    meta = read(meta) if meta.exists() else {}
    if "status" in meta and (mode == "whole" or meta.get("stream_as_json")):
        return {"expect_error": http_error(client, source, case, meta["status"])}
    known = SEMANTIC["cases"].get(case, {})
    if known.get("stop") in ["error_mid_stream", "eof_without_end_marker"]:
        if mode == "whole":
            # Responses may say of a failure with 200; whoever gets a translation gets a status.
            return {"expect_error": http_error(client, source, case, 500)}
        text = known.get("text_by_upstream", {}).get(source, known["text"])
        return {"expect_error": {**broken(client, source, case), "text": text}}
    seen = read(EXPECTED / source / f"{case}.json")
    half = "nonstream" if mode == "whole" else "stream"
    meaning, record = seen[f"semantic_{half}"], seen[half]["object"]
    return {"expect": message(client, upstream, source, meaning, record)}


def message(client, upstream, source, meaning, record):
    asked_by_refusal_field = source in ["responses", "chat"]
    stop, text, refusal = meaning["stop"], meaning["text"], ""
    if stop == "refusal" and client in ["responses", "chat"]:
        if asked_by_refusal_field:
            text, refusal = "", meaning["text"]
        elif client == "chat":
            # `stop` says nothing of a refusal there: docs/translation names the sentence.
            refusal = "The model refused to answer."
    expected = {
        "model": SEMANTIC["models"][source],
        "text": text,
        "refusal": refusal,
        "thinking": meaning["thinking"],
        "tool_calls": [
            {"id": id, **call}
            for id, call in zip(call_ids(source, record), meaning["tool_calls"], strict=True)
        ],
        "stop": stop_of(client, upstream, stop),
        "usage": usage_of(client, meaning["usage"]),
    }
    signature = signature_of(client, source, record)
    if signature is not None:
        expected["signature"] = signature
    return expected


def call_ids(source, record):
    if source == "anthropic":
        return [it["id"] for it in record["content"] if it["type"] == "tool_use"]
    if source == "responses":
        return [it["call_id"] for it in record["output"] if it["type"] == "function_call"]
    if source == "chat":
        return [it["id"] for it in record["choices"][0]["message"].get("tool_calls") or []]
    parts = [it for c in record["candidates"] for it in c.get("content", {}).get("parts", [])]
    return [it["functionCall"]["id"] for it in parts if "functionCall" in it]


def signature_of(client, source, record):
    """The proof of a thought: the provider's own as it is, another's marked with whose it is."""
    if client not in ["anthropic", "responses"] or source not in ["anthropic", "responses"]:
        return None
    if source == "anthropic":
        found = [it["signature"] for it in record["content"] if it["type"] == "thinking"]
    else:
        found = [it["encrypted_content"] for it in record["output"] if it["type"] == "reasoning"]
    mark = "" if client == source else f"dp1.{source}."
    return "".join(mark + it for it in found)


def stop_of(client, upstream, stop):
    """Grammar section 5.1."""
    if client == "gemini" and upstream == "recorded" and stop == "content_filter":
        return "blocked: PROHIBITED_CONTENT"
    table = {
        "anthropic": {
            "end": "end_turn",
            "tool_use": "tool_use",
            "max_tokens": "max_tokens",
            "refusal": "refusal",
            "content_filter": "refusal",
        },
        "responses": {
            "end": "completed",
            "tool_use": "completed",
            "max_tokens": "incomplete: max_output_tokens",
            "refusal": "completed",
            "content_filter": "incomplete: content_filter",
        },
        "chat": {
            "end": "stop",
            "tool_use": "tool_calls",
            "max_tokens": "length",
            "refusal": "stop",
            "content_filter": "content_filter",
        },
        "gemini": {
            "end": "STOP",
            "tool_use": "STOP",
            "max_tokens": "MAX_TOKENS",
            "refusal": "SAFETY",
            "content_filter": "PROHIBITED_CONTENT",
        },
    }
    return table[client][stop]


def usage_of(client, usage):
    """Grammar section 5.2."""
    read, written = usage["cache_read"], usage["cache_write"]
    everything = usage["input_uncached"] + read + written
    output, thought = usage["output_total"], usage["output_reasoning"]
    if client == "anthropic":
        return {
            "input": usage["input_uncached"],
            "cache_read": read,
            "cache_write": written,
            "output": output,
            "reasoning": thought,
        }
    if client == "gemini":
        return {
            "input": everything,
            "cache_read": read,
            "output": output - thought,
            "reasoning": thought,
            "total": everything + output,
        }
    return {
        "input": everything,
        "cache_read": read,
        "cache_write": written,
        "output": output,
        "reasoning": thought,
        "total": everything + output,
    }


# Errors: grammar section 5.5.


def told(source, case):
    """The provider's own text, which must reach the person."""
    body = FIXTURES / source / f"{case}.json"
    if body.exists():
        return read(body)["error"]["message"]
    return ""


def http_error(client, source, case, status):
    if status == 529 and client != "anthropic":
        status = 503
    expected = {"status": status, "message": told(source, case)}
    if client == "anthropic":
        kinds = {
            400: ("BadRequestError", "invalid_request_error"),
            429: ("RateLimitError", "rate_limit_error"),
            500: ("InternalServerError", "api_error"),
            503: ("ServiceUnavailableError", "overloaded_error"),
            529: ("OverloadedError", "overloaded_error"),
        }
        name, kind = kinds[status]
        return {**expected, "python": name, "node": name, "type": kind}
    if client == "gemini":
        names = {
            400: ("ClientError", "INVALID_ARGUMENT"),
            429: ("ClientError", "RESOURCE_EXHAUSTED"),
            500: ("ServerError", "INTERNAL"),
            503: ("ServerError", "UNAVAILABLE"),
        }
        python, kind = names[status]
        return {**expected, "python": python, "node": "ApiError", "type": kind}
    names = {400: "BadRequestError", 429: "RateLimitError"}
    name = names.get(status, "InternalServerError")
    return {**expected, "python": name, "node": name}


def broken(client, source, case):
    """An error in the middle of a stream, or a stream cut off: never a clean end."""
    overloaded = case == "stream_error" and source in ["anthropic", "gemini"]
    message = "" if case == "truncated" else stream_told(source, case)
    if client == "anthropic":
        kind = "overloaded_error" if overloaded else "api_error"
        it = {"python": "APIStatusError", "node": "APIError", "status": 200, "type": kind}
    elif client == "responses":
        it = {"python": "failed", "node": "failed"}
    elif client == "chat":
        it = {"python": "APIError", "node": "APIError"}
    else:
        it = {"python": "ServerError", "node": "ApiError"}
    return {**it, "message": message}


def stream_told(source, case):
    """The text of the stream's own error event."""
    text = (FIXTURES / source / f"{case}.sse").read_text(encoding="utf-8")
    for line in reversed(text.splitlines()):
        if line.startswith("data: {"):
            data = json.loads(line.removeprefix("data: "))
            error = data.get("error") or data.get("response", {}).get("error") or data
            return error["message"]
    raise ValueError(f"{source}/{case} has no error event")


if __name__ == "__main__":
    plans = {"fixtures": rows, "gateway": gateway_rows}
    json.dump(list(plans[sys.argv[1]]()), sys.stdout, ensure_ascii=False)
