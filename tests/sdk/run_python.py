"""Plays the plan through the official Python SDKs: `run_python.py BASE_URL PLAN`.

Owns: the comparison of what an SDK ended up with and what the plan expects, and the counts.
Must not know: any dialect.
"""

import json
import sys
import traceback
import urllib.request
import warnings

import clients
import wire


def main(base, plan):
    with open(plan, encoding="utf-8") as file:
        rows = json.load(file)
    # The SDKs' models are stricter than their types where a recorded member is new to them.
    warnings.filterwarnings("ignore")
    failed = 0
    for row in rows:
        try:
            problems = play(base, row)
        except Exception:
            problems = [traceback.format_exc(limit=-4)]
        failed += tell(row["name"], problems)
    broken = [tell(name, problems) for name, problems in wire.rows(base, rows)]
    total, failed = len(rows) + len(broken), failed + sum(broken)
    print(f"python: {total - failed} passed, {failed} failed")
    return 1 if failed or not total else 0


def play(base, row):
    # The gateway is one address for everything.
    address = base + row.get("prefix", "")
    if row["upstream"]:
        address = f"{base}/{row['upstream']}/{row['case']}"
    got = clients.ask(row["client"], address, row["mode"], row["request"], row.get("headers"))
    if "expect_error" in row:
        return compare_error(got, row["expect_error"])
    if "error" in got:
        return [f"an answer was expected, got {got['error']}"]
    problems = compare(got["message"], row["expect"])
    if row["compare_request"]:
        problems += compare_request(base, row)
    return problems


def compare(got, expected):
    problems = [] if got["id"] else ["id: is empty"]
    for name, value in expected.items():
        # The chat helper raises before it has read the counts of a cut answer.
        if name == "usage" and name not in got:
            continue
        if got.get(name) != value:
            problems.append(f"{name}: expected {value!r}, got {got.get(name)!r}")
    return problems


def compare_error(got, expected):
    if "error" not in got:
        return [f"an error was expected, got {got['message']}"]
    error, problems = got["error"], []
    for name in ["python", "status", "type"]:
        if name in expected and error.get(name) != expected[name]:
            problems.append(f"{name}: expected {expected[name]!r}, got {error}")
    if expected["message"] not in error["message"]:
        problems.append(f"message: expected {expected['message']!r}, got {error['message']!r}")
    if "text" in expected and got["text"] != expected["text"]:
        problems.append(f"text: expected {expected['text']!r}, got {got['text']!r}")
    return problems


def compare_request(base, row):
    """The SDK sent what it was given: else the row would prove nothing of this request."""
    with urllib.request.urlopen(f"{base}/last") as answer:
        last = json.load(answer)
    if last["body"] != row["request"]["body"]:
        return [f"sent: expected {row['request']['body']}, got {last['body']}"]
    missing = {"anthropic", "responses", "chat", "gemini"} - last["targets"].keys()
    return [f"not written for {missing}"] if missing else []


def tell(name, problems):
    for problem in problems:
        print(f"FAILED {name}\n  {problem}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
