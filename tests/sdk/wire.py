"""The bytes themselves: what breaks some client's parser never reaches it (grammar section 0).

Owns: the grammar of each dialect's stream, checked byte by byte on every recorded stream.
Must not know: any SDK.
"""

import http.client
import json
import urllib.parse

DIALECTS = ["anthropic", "responses", "chat", "gemini"]


def rows(base, plan):
    """(name, problems) for the stream of every row of the plan that has one."""
    seen = set()
    for row in plan:
        key = (row["client"], row["upstream"], row["case"])
        if row["mode"] != "stream" or row["upstream"] == "recorded" or key in seen:
            continue
        seen.add(key)
        name = f"{row['client']} wire, {row['case']} of {row['upstream']}"
        status, kind, raw = fetch(base, row)
        yield name, check(row, status, kind, raw)


def fetch(base, row, key="none"):
    address = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    path = {
        "anthropic": "/v1/messages",
        "responses": "/v1/responses",
        "chat": "/v1/chat/completions",
        "gemini": f"/v1beta/models/{row['request']['model']}:streamGenerateContent?alt=sse",
    }[row["client"]]
    # The usage chunk of chat is not asked for: it must not come then.
    body = {name: it for name, it in row["request"]["body"].items() if name != "stream_options"}
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    if row["upstream"]:
        path = f"/{row['upstream']}/{row['case']}{path}"
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    raw = answer.read()
    connection.close()
    return answer.status, answer.headers.get("content-type"), raw


def check(row, status, kind, raw):
    if status != 200:
        same = row.get("expect_error", {}).get("status") == status and kind == "application/json"
        return [] if same and json.loads(raw) else [f"{status} {kind}: {raw[:200]}"]
    try:
        assert kind.split(";")[0] == "text/event-stream", kind
        assert not raw.startswith(b"\xef\xbb\xbf"), "a byte order mark"
        assert b"\r" not in raw and raw.endswith(b"\n\n"), "ends with its blank line"
        events = [parse(row["client"], it) for it in raw.decode("utf-8").split("\n\n")]
        events = [it for it in events if it is not None]
        failed = "expect_error" in row
        CHECK[row["client"]](events, failed)
        return []
    except (AssertionError, ValueError, KeyError, IndexError, TypeError) as problem:
        return [f"{type(problem).__name__} {problem}: {raw.decode('utf-8', 'replace')}"]


def parse(client, event):
    """(name, data) of an event; None of nothing, and of a comment where comments may stand."""
    name, data = None, None
    for line in event.strip("\n").split("\n"):
        if line == "":
            continue
        if line.startswith(":"):
            assert client != "gemini", "a comment breaks Gemini's clients"
            continue
        if line.startswith("event: "):
            assert client in ["anthropic", "responses"], "an event line"
            assert name is None and data is None, "one name, first"
            name = line.removeprefix("event: ")
            continue
        assert line.startswith("data: "), f"a line without a field: {line!r}"
        assert data is None, "one line of data"
        data = line.removeprefix("data: ")
        assert data.strip(), "empty data"
    if name is None and data is None:
        return None
    assert data is not None, "an event without data"
    if client == "chat" and data == "[DONE]":
        return (None, "[DONE]")
    return (name, json.loads(data))


def check_anthropic(events, failed):
    for name, data in events:
        assert name == data["type"], "every event has its name"
    events = [data for name, data in events if name != "ping"]
    assert events[0]["type"] == "message_start" or failed
    open_block, blocks = None, 0
    for at, data in enumerate(events):
        last = at + 1 == len(events)
        kind = data["type"]
        if kind == "message_start":
            message = data["message"]
            assert at == 0 and message["content"] == [] and message["stop_reason"] is None
            assert {"input_tokens", "output_tokens"} <= message["usage"].keys()
        elif kind == "content_block_start":
            assert open_block is None and data["index"] == blocks, "blocks one at a time"
            open_block, blocks = data["content_block"]["type"], blocks + 1
        elif kind == "content_block_delta":
            fits = {
                "text_delta": "text",
                "thinking_delta": "thinking",
                "signature_delta": "thinking",
                "input_json_delta": "tool_use",
            }
            assert open_block == fits[data["delta"]["type"]] and data["index"] == blocks - 1
        elif kind == "content_block_stop":
            assert open_block and data["index"] == blocks - 1
            open_block = None
        elif kind == "message_delta":
            assert open_block is None and events[at + 1]["type"] == "message_stop"
            assert data["delta"]["stop_reason"] and data["usage"]["output_tokens"] is not None
        elif kind == "message_stop":
            assert last and events[at - 1]["type"] == "message_delta" and not failed
        else:
            assert kind == "error" and last and failed, f"{kind} out of place"
            assert data["error"]["type"] and data["error"]["message"]


def check_responses(events, failed):
    items, done = {}, set()
    ids = set()
    for at, (name, data) in enumerate(events):
        kind = data["type"]
        assert name == kind and data["sequence_number"] == at, "named and numbered"
        assert (kind == "response.created") == (at == 0), "created first, once"
        if "response" in data:
            ids.add(data["response"]["id"])
        place = data.get("output_index")
        if kind == "response.output_item.added":
            assert place == len(items), "contiguous"
            items[place] = data["item"]
        elif place is not None:
            assert place in items and place not in done, f"{kind} of no open item"
            assert data.get("item_id", items[place]["id"]) == items[place]["id"]
        if kind == "response.output_item.done":
            same = ["type", "id", *(["call_id"] if "call_id" in data["item"] else [])]
            assert all(data["item"][it] == items[place][it] for it in same), "one identity"
            done.add(place)
    assert len(ids) == 1, "one response"
    terminal = {"response.completed", "response.incomplete", "response.failed"}
    ends = [at for at, (name, _) in enumerate(events) if name in terminal]
    assert ends == [len(events) - 1], "one end, last"
    name, data = events[-1]
    assert (name == "response.failed") == failed
    if failed:
        assert data["response"]["status"] == "failed" and data["response"]["error"]["message"]
    else:
        assert done == set(items), "every item is done"
        assert len(data["response"]["output"]) == len(items), "and stands in the end"
        assert data["response"]["usage"]["total_tokens"] is not None


def check_chat(events, failed):
    assert all(name is None for name, _ in events)
    chunks = [data for _, data in events]
    if failed:
        assert chunks[-1]["error"]["message"], "the error is last, without [DONE]"
    else:
        assert chunks[-1] == "[DONE]"
    chunks = chunks[:-1]
    assert "[DONE]" not in chunks
    reasons, calls = [], set()
    for at, chunk in enumerate(chunks):
        assert chunk["object"] == "chat.completion.chunk" and not chunk.get("error")
        assert (chunk["id"], chunk["created"]) == (chunks[0]["id"], chunks[0]["created"])
        # Nobody asked for the counts: naive clients read choices[0] of every chunk.
        [choice] = chunk["choices"]
        assert not chunk.get("usage"), "counts that nobody asked for"
        assert (choice["delta"].get("role") == "assistant") == (at == 0), "the role first, once"
        for call in choice["delta"].get("tool_calls", []):
            first = call["index"] not in calls
            assert call["index"] == len(calls) or not first, "contiguous"
            assert ("id" in call) == first and ("name" in call["function"]) == first
            calls.add(call["index"])
        assert not reasons, "nothing behind the reason"
        reasons += [it for it in [choice["finish_reason"]] if it]
    assert len(reasons) == (0 if failed else 1)


def check_gemini(events, failed):
    assert all(name is None for name, _ in events)
    reasons = 0
    for at, (_, chunk) in enumerate(events):
        if "error" in chunk:
            assert next(iter(chunk)) == "error", "the member first: else the SDK overlooks it"
            assert failed and at + 1 == len(events), "and last"
            assert chunk["error"]["code"] and chunk["error"]["status"]
            return
        blocked = chunk.get("promptFeedback", {}).get("blockReason")
        reasons += sum("finishReason" in it for it in chunk.get("candidates", [])) + bool(blocked)
        for candidate in chunk.get("candidates", []):
            for part in candidate.get("content", {}).get("parts", []):
                call = part.get("functionCall")
                assert call is None or isinstance(call["args"], dict), "whole arguments"
    assert not failed and reasons == 1
    last = events[-1][1]
    assert "usageMetadata" in last and ("promptFeedback" in last or last["candidates"])


CHECK = {
    "anthropic": check_anthropic,
    "responses": check_responses,
    "chat": check_chat,
    "gemini": check_gemini,
}
