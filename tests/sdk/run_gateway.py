"""The official SDKs and replicas of agents through the real binary: `run_gateway.py TARGET PLAN`.

Owns: which rows are played, what must have reached the upstream, the counts.
Must not know: how anything is answered.
"""

import json
import os
import subprocess
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import agents
import clients
import plan
import replicas
import run_python
import stack as stacks

HERE = Path(__file__).parent
PROOFS = {
    "anthropic": "EqQBCkYICRgCKkBmaXh0dXJlLXNpZ25hdHVyZS1ub3QtcmVhbA==",
    "responses": "gAAAAABfixture-encrypted-reasoning-content-not-real==",
    "gemini": "CiQBVKhc7kZpeHR1cmUtdGhvdWdodC1zaWduYXR1cmUtbm90LXJlYWw=",
}
# What asks each provider to think.
THOUGHT = {
    "anthropic": {"thinking", "output_config"},
    "responses": {"reasoning"},
    "chat": {"reasoning_effort"},
    "gemini": {"generationConfig"},
}
HISTORY = {"anthropic": "messages", "responses": "input", "chat": "messages", "gemini": "contents"}


def main(target, path):
    warnings.filterwarnings("ignore")
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    with stacks.Stack(target) as stack:
        clients.KEY = stack.key
        parts = [played(stack, rows), loops(stack), replayed(stack), around(stack, rows)]
        results = [result for part in [*parts, slow(stack, rows)] for result in part]
        failed = sum(run_python.tell(name, problems) for name, problems in results)
        print(f"gateway, python: {len(results) - failed} passed, {failed} failed")
        node = node_rows(stack, path)
    return 1 if failed or node or not results else 0


def watched(stack, name, do):
    """Does it; whatever the upstream refused meanwhile is a problem too."""
    seq = stack.last_seq()
    try:
        problems = do()
    except Exception:
        problems = [traceback.format_exc(limit=-5)]
    return name, [*problems, *refused(stack.asked_since(seq))]


def refused(entries):
    return [
        f"the upstream refused: {it['refused']}: {it['path']} {it.get('body')}"
        for it in entries
        if it["refused"]
    ]


def played(stack, rows):
    for row in rows:
        stack.answers_with(row["case"])
        yield watched(stack, row["name"], lambda row=row: run_python.play(stack.url, row))


def loops(stack):
    for dialect in agents.AGENTS:
        for model, endpoint in stacks.talks(dialect):
            for stream in [False, True]:
                how = "streamed" if stream else "whole"
                name = f"{dialect} agent's loop with {model} ({endpoint}), {how}"
                yield watched(
                    stack, name, lambda d=dialect, m=model, s=stream: loop(stack, d, m, s)
                )


def loop(stack, client, model, stream):
    source = stacks.DIALECT_OF[{**stacks.MODELS, **stacks.OLDER}[model]]
    upstream = "recorded" if source == client else source
    seq = stack.last_seq()
    stack.answers_with(*agents.CASES)
    turns = agents.play(stack.url, client, model, stream)
    problems = []
    for number, (got, case) in enumerate(zip(turns, agents.CASES, strict=True)):
        mode = "stream" if stream else "whole"
        expected = plan.expectation(client, upstream, source, case, mode)["expect"]
        problems += [f"turn {number}: {it}" for it in run_python.compare(got, expected)]
    return problems + asked(stack.asked_since(seq), client, source)


def asked(entries, client, source):
    """One account, one session, and a history that only grows: else no prompt cache ever hits."""
    if len(entries) != len(agents.CASES):
        return [f"{len(agents.CASES)} requests were expected, {len(entries)} came"]
    problems = []
    for header in ["authorization", "x-session-id"]:
        seen = {dict(it["headers"]).get(header) for it in entries}
        if len(seen) != 1 or None in seen:
            problems.append(f"{header} changes within a conversation: {len(seen)} values")
    histories = [json.loads(it["body"])[HISTORY[source]] for it in entries]
    for before, after in zip(histories, histories[1:], strict=False):
        if after[: len(before)] != before:
            problems.append(f"the history changed:\n{before}\n{after}")
    for entry in entries:
        tools = json.loads(entry["body"]).get("tools")
        if not all(it in json.dumps(tools) for it in agents.TOOLS):
            problems.append(f"the tools did not come: {tools}")
    # Later turns may have to do without. Thoughts without a measure have no word in chat.
    asks = json.loads(entries[0]["body"]).keys() & THOUGHT[source]
    if not asks and (client, source) != ("anthropic", "chat"):
        problems.append(f"it was not asked to think: {entries[0]['body']}")
    last = entries[-1]["body"]
    # Google's own library writes it in the alphabet for addresses.
    if agents.PNG not in last and agents.PNG.replace("+", "-").replace("/", "_") not in last:
        problems.append(f"the picture did not come: {last}")
    if "dp1." in last:
        problems.append(f"a marked proof reached the upstream: {last}")
    proof = PROOFS.get(source)
    # A chat client has a place for the proof of a call, which Gemini's is, and for no other.
    if proof and (client != "chat" or source == "gemini") and proof not in last:
        problems.append(f"the provider's own proof did not come home: {last}")
    return problems


def replayed(stack):
    for model, endpoint in stacks.MODELS.items():
        for agent in [replicas.claude_code, replicas.codex]:
            name = f"{agent.__name__} with {model} ({endpoint})"
            seq = stack.last_seq()
            try:
                for what, problems in agent(stack, model):
                    yield f"{name}: {what}", problems
            except Exception:
                yield name, [traceback.format_exc(limit=-5)]
            yield f"{name}: accepted", refused(stack.asked_since(seq))


def around(stack, rows):
    """What is there beside answers: lists of models, counts of tokens, a key nobody knows."""
    stack.answers_with("plain_text")
    for client in agents.AGENTS:
        yield watched(stack, f"{client} client lists models", lambda c=client: unlisted(stack, c))
        for model in [] if client == "chat" else stacks.MODELS:
            name = f"{client} client counts tokens of {model}"
            yield watched(stack, name, lambda c=client, m=model: uncounted(stack, c, m))
        row = next(it for it in rows if it["client"] == client and it["case"] == "plain_text")
        got = clients.ask(client, stack.url, row["mode"], row["request"], key="nobody's")
        python = "ClientError" if client == "gemini" else "AuthenticationError"
        expected = {"python": python, "status": 401, "message": ""}
        name = f"{client} client without a key that is known"
        yield name, run_python.compare_error(got, expected)


def unlisted(stack, client):
    listed = clients.models(client, stack.url)
    return [f"{it} is not listed" for it in stacks.MODELS if it not in listed]


def uncounted(stack, client, model):
    tokens = clients.count_tokens(client, stack.url, model, "Say hello")
    return [] if tokens > 0 else [f"{tokens} tokens"]


def slow(stack, rows):
    """Answers with pauses, all at once: signs of life come between their events."""
    plain = [it for it in rows if it["case"] == "plain_text" and "sends" not in it]
    rows = [it for it in plain if it["mode"] == "stream"]
    stack.answers_slowly("plain_text", 1200)
    seq = stack.last_seq()
    with ThreadPoolExecutor(len(rows)) as pool:
        got = list(pool.map(lambda it: run_python.play(stack.url, it), rows))
        raw = list(pool.map(lambda it: replicas.alive(stack, it), rows))
    for row, problems, bytes_problems in zip(rows, got, raw, strict=True):
        yield f"{row['name']}, slowly", problems
        yield f"{row['name']}, slowly, wire", bytes_problems
    yield "slow answers: accepted", refused(stack.asked_since(seq))


def node_rows(stack, path):
    """The same rows and loops through the JavaScript SDKs. True if any failed."""
    seq = stack.last_seq()
    env = {
        **os.environ,
        "SDK_KEY": stack.key,
        "SDK_CONTROL": f"{stack.fake}/__control",
        "SDK_MODELS": json.dumps(stacks.MODELS),
        "SDK_TALKS": json.dumps({it: stacks.talks(it) for it in agents.AGENTS}),
    }
    done = subprocess.run(["node", HERE / "run_node.mjs", stack.url, path], env=env, check=False)
    entries = stack.asked_since(seq)
    problems = refused(entries)
    if done.returncode == 0:
        problems += node_loops([it for it in entries if agents.OPENING in (it.get("body") or "")])
    return run_python.tell("gateway, node: as it came upstream", problems) or done.returncode != 0


def node_loops(entries):
    """Its loops come one after the other, in the order of clients and models."""
    problems = []
    for client in agents.AGENTS:
        for _, endpoint in stacks.talks(client):
            for _ in [False, True]:
                loop, entries = entries[: len(agents.CASES)], entries[len(agents.CASES) :]
                problems += asked(loop, client, stacks.DIALECT_OF[endpoint])
    return problems + (["more requests than the loops have"] if entries else [])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
