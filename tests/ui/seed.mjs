// A data folder that looks used: accounts of every kind, groups, client keys, a month of requests.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Calls the program as the host does; answers the result or fails the test. */
export function caller(plugin) {
  return async (method, params) => {
    const { result, error } = await plugin.call(method, params)
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return result
  }
}

export async function seed(rig) {
  const plugin = rig.plugin()
  const call = caller(plugin)
  await call('save_group', { id: 'fast', name: 'Fast', priority: 10, strategy: 'least_used' })
  await call('save_group', { id: 'reserve', priority: 200 })
  const keys = Array.from({ length: 6 }, (_, it) => `fk-seed-0123456789ab-${it}000`)
  for (const key of keys) await rig.control('keys', { key })
  const pool = await call('create_credential', {
    auth_type: 'api_key',
    config: { name: 'Team keys', endpoint_type: 'openai', groups: ['fast'], priority: 10, api_keys: keys },
  })
  const { keys: stored } = await call('get_credential', pool)
  await call('set_api_key_status', { ...pool, api_key_ids: [stored[0].id], status: 'banned' })
  await call('set_api_key_status', { ...pool, api_key_ids: [stored[1].id], status: 'disabled' })
  const signedIn = []
  for (const [name, more] of [
    ['Ada Lovelace', { groups: ['fast'], subscription_expires_at: '2027-03-01T00:00:00Z' }],
    ['An account with a rather long name that somebody typed', { groups: ['reserve'], max_concurrency: 4 }],
  ]) {
    const { refresh_token } = await rig.control('accounts', {})
    const config = { name, refresh_token, ...more }
    signedIn.push(await call('create_credential', { auth_type: 'manual', config }))
  }
  const off = await call('create_credential', {
    auth_type: 'api_key',
    config: { name: 'Switched off', api_keys: ['fk-seed-0123456789ab-off1'] },
  })
  await call('set_credential_enabled', { ...off, enabled: false })
  const laptop = await call('create_client_key', {
    name: 'Laptop',
    limits: { concurrency: 4, daily_cost: 5 },
    binding: 'group:fast',
  })
  const ci = await call('create_client_key', { name: 'Build machine' })
  await call('update_client_key', { client_key_id: ci.id, enabled: false })
  fill(rig, {
    accounts: [pool.credential_id, ...signedIn.map((it) => it.credential_id)],
    clientKeys: [laptop.id, ci.id],
    requests: 1500,
    days: 28,
  })
  return { pool: pool.credential_id, signedIn: signedIn.map((it) => it.credential_id), call }
}

/** Writes usage as it is given: `[{hour, account, clientKey, model, outcome, requests}]`. */
export function fillUsage(rig, rows) {
  const path = join(rig.folder, 'data', 'droid.db')
  execFileSync('python3', ['-c', FILL_USAGE, path, JSON.stringify(rows)], { stdio: 'inherit' })
}

const FILL_USAGE = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=30)
for it in json.loads(sys.argv[2]):
    n = it["requests"]
    db.execute("INSERT INTO usage_hourly (hour, account_id, key_id, client_key_id, model, outcome, requests, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, latency_ms, first_token_ms, first_tokens, cost) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (it["hour"], it["account"], "", it["clientKey"], it["model"], it["outcome"], n, n * 100, n * 10, 0, 0, 0, 0, n * 2000, n * 500, n, n * 1000000))
db.commit()
`

/** Writes usage and a log straight into the database, as if the gateway had run for long. */
export function fill(rig, what) {
  const path = join(rig.folder, 'data', 'droid.db')
  execFileSync('python3', ['-c', FILL, path, JSON.stringify(what)], { stdio: 'inherit' })
}

const FILL = `
import json, math, random, sqlite3, sys, time
path, what = sys.argv[1], json.loads(sys.argv[2])
db = sqlite3.connect(path, timeout=30)
db.execute("PRAGMA busy_timeout=30000")
rng = random.Random(7)
now = int(time.time() * 1000)
HOUR = 3600000
models = ["claude-sonnet-4-5-20250929", "gpt-5-2025-08-07", "glm-4.6"]
accounts, keys = what["accounts"] or [""], what["clientKeys"] or [""]
for back in range(what["days"] * 24):
    hour = (now // HOUR - back) * HOUR
    day = time.gmtime(hour / 1000)
    busy = (0.15 if day.tm_wday > 4 else 1.0) * max(0.0, math.sin((day.tm_hour - 6) / 24 * 2 * math.pi))
    for at, account in enumerate(accounts):
        for model in models[: at + 1]:
            n = int(rng.random() * 30 * busy)
            for outcome, share in (("ok", 0.94), ("error:rate", 0.04), ("client_closed", 0.02)):
                count = round(n * share)
                if count == 0: continue
                db.execute("INSERT OR REPLACE INTO usage_hourly (hour, account_id, key_id, client_key_id, model, outcome, requests, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, latency_ms, first_token_ms, first_tokens, cost) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    (hour, account, "", keys[at % len(keys)], model, outcome, count, count * 1800, count * 600, count * 5200, count * 300, 0, 0, count * rng.randint(900, 6000), count * rng.randint(300, 1200), count, count * 21000000))
outcomes = ["ok"] * 17 + ["error:rate", "truncated", "client_closed"]
span = what["days"] * 24 * HOUR
rows = []
for n in range(what["requests"]):
    outcome = rng.choice(outcomes)
    account = rng.choice(accounts)
    attempts = [{"account": account, "status": 429 if outcome == "error:rate" else 200, "class": "rate" if outcome == "error:rate" else None, "latency_ms": 900}]
    if rng.random() < 0.1:
        attempts.insert(0, {"account": rng.choice(accounts), "status": 503, "class": "transient", "latency_ms": 40})
    latency = rng.randint(500, 20000)
    model = rng.choice(models)
    rows.append(("req_%s%08d" % (what.get("name", "seed"), n), now - int(n / what["requests"] * span), keys[n % len(keys)] or None, "anthropic", "anthropic", model, model, 1, None, account or None, None, json.dumps(attempts), json.dumps([["cooling", 2]] if outcome == "error:rate" else []), 429 if outcome == "error:rate" else 200, outcome, 1200, 340, 5000, 0, 0, 0, 12000000, latency, latency // 4, None))
names = "id, started_at, client_key_id, client, endpoint, model_asked, model_sent, stream, session, account_id, key_id, attempts, skipped, status, outcome, input_tokens, output_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, cost, latency_ms, first_token_ms, upstream_request_id"
db.executemany(f"INSERT OR REPLACE INTO requests ({names}) VALUES (" + ",".join("?" * 25) + ")", rows)
db.commit()
`
