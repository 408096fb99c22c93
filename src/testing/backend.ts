// The program in memory, for tests: one backend for all of them. It keeps the program's rules that
// a page depends on: revisions, masked keys, errors with fields.
import { UserError } from '../api/errors'
import type { Account, ApiKey, ClientKey, Group, LoggedRequest, Methods } from '../api/shapes'
import type { Transport } from '../api/transport'
import { CONFIG, SCHEMA } from './config'

type Params = Record<string, unknown>

export interface Backend extends Transport {
  accounts: Account[]
  groups: Group[]
  clientKeys: ClientKey[]
  requests: LoggedRequest[]
  pageSize: number
  backups: Methods['list_backups']['result']['backups']
  checks: Methods['doctor']['result']['checks']
  config: Record<string, unknown>
  /** Every call in order. */
  calls: { method: string; params: Params }[]
  /** Makes the next call of a method fail. */
  fail: (method: string, error: UserError) => void
  /** What a sign-in answers, poll by poll. */
  polls: unknown[]
}

export function account(change: Partial<Account> = {}): Account {
  const id = change.id ?? 'a1'
  return {
    id,
    credential_id: id,
    name: 'Team',
    auth_type: 'workos_oauth',
    endpoint_type: 'anthropic',
    priority: 50,
    groups: [],
    enabled: true,
    schedulable: true,
    status: 'active',
    health: 'healthy',
    max_concurrency: 0,
    has_proxy: false,
    created_at: '2026-11-01T10:00:00Z',
    uses: 12,
    tokens_used: 3400,
    revision: 1,
    ...change,
  }
}

export function apiKey(change: Partial<ApiKey> = {}): ApiKey {
  return {
    id: 'k1',
    tail: '…abcd',
    status: 'active',
    created_at: '2026-11-01T10:00:00Z',
    uses: 3,
    tokens_used: 120,
    ...change,
  }
}

export function clientKey(change: Partial<ClientKey> = {}): ClientKey {
  return {
    id: 'c1',
    name: 'Laptop',
    tail: '…cdef',
    enabled: true,
    status: 'active',
    binding: '',
    models: [],
    limits: {},
    cost: 0,
    requests: 0,
    tokens_used: 0,
    in_flight: 0,
    created_at: '2026-11-01T10:00:00Z',
    revision: 1,
    ...change,
  }
}

export function loggedRequest(change: Partial<LoggedRequest> = {}): LoggedRequest {
  return {
    id: 'req_1',
    started_at: '2026-11-24T10:00:00Z',
    client: 'anthropic',
    endpoint: 'anthropic',
    model_asked: 'claude-sonnet-4-5-20250929',
    model_sent: 'claude-sonnet-4-5-20250929',
    stream: true,
    attempts: [{ credential_id: 'a1', status: 200, latency_ms: 800 }],
    skipped: [],
    status: 200,
    outcome: 'ok',
    usage: {
      input_tokens: 10,
      output_tokens: 20,
      cache_read_tokens: 0,
      cache_write_5m_tokens: 0,
      cache_write_1h_tokens: 0,
      reasoning_tokens: 0,
    },
    cost: 0.001,
    latency_ms: 820,
    first_token_ms: 300,
    ...change,
  }
}

export function figures(change: Partial<Methods['usage_statistics']['result']['total']> = {}) {
  return {
    requests: 0,
    ok: 0,
    client_closed: 0,
    errors: {},
    input_tokens: 0,
    output_tokens: 0,
    cache_read_tokens: 0,
    cache_write_5m_tokens: 0,
    cache_write_1h_tokens: 0,
    reasoning_tokens: 0,
    tokens: 0,
    cost: 0,
    ...change,
  }
}

export function createBackend(accounts: Account[] = []): Backend {
  const failures = new Map<string, UserError>()
  const backend: Backend = {
    way: { kind: 'mock' },
    accounts,
    groups: [],
    clientKeys: [],
    requests: [],
    pageSize: 200,
    backups: [],
    checks: [],
    config: structuredClone(CONFIG),
    calls: [],
    polls: [],
    fail: (method, error) => failures.set(method, error),
    call: async (method, params) => {
      const given = (params ?? {}) as Params
      backend.calls.push({ method, params: given })
      const failure = failures.get(method)
      if (failure) {
        failures.delete(method)
        throw failure
      }
      const handler = HANDLERS[method]
      if (!handler) {
        throw new UserError({ kind: 'method_not_found', message: `there is no method ${method}` })
      }
      // What crosses a wire is a copy.
      return structuredClone(handler(backend, given))
    },
  }
  return backend
}

function found(backend: Backend, params: Params): Account {
  const it = backend.accounts.find((one) => one.id === params['credential_id'])
  if (!it) throw new UserError({ kind: 'not_found', message: 'there is no such account' })
  return it
}

function replace(backend: Backend, changed: Account): Account {
  const next = { ...changed, revision: changed.revision + 1 }
  backend.accounts = backend.accounts.map((it) => (it.id === next.id ? next : it))
  return next
}

function counted(account: Account): Account {
  if (!Array.isArray(account.keys)) return account
  const count = (status: string) =>
    (account.keys as ApiKey[]).filter((it) => it.status === status).length
  return {
    ...account,
    keys: {
      total: account.keys.length,
      active: count('active'),
      cooling: 0,
      disabled: count('disabled'),
      banned: count('banned'),
      error: count('error'),
    },
  }
}

const HANDLERS: Record<string, (backend: Backend, params: Params) => unknown> = {
  ping: () => ({}),
  list_credentials: (it) => it.accounts.map(counted),
  get_credential: found,
  create_credential: (it, params) => {
    const config = params['config'] as Params
    const keys = (config['api_keys'] as string[] | undefined) ?? []
    const id = `a${it.accounts.length + 1}`
    it.accounts.push(
      account({
        id,
        name: String(config['name'] ?? 'New'),
        auth_type: params['auth_type'] as Account['auth_type'],
      }),
    )
    return {
      credential_id: id,
      name: String(config['name'] ?? 'New'),
      keys: keys.map((key) => ({ tail: `…${key.slice(-4)}`, outcome: 'added' })),
    }
  },
  update_credential: (it, params) => {
    const now = found(it, params)
    if (params['revision'] !== undefined && params['revision'] !== now.revision) {
      throw new UserError({ kind: 'stale', message: 'the account was changed by someone else' })
    }
    return replace(it, { ...now, ...(params['config'] as Partial<Account>) })
  },
  delete_credential: (it, params) => {
    const gone = found(it, params)
    it.accounts = it.accounts.filter((one) => one !== gone)
    return {}
  },
  set_credential_enabled: (it, params) => {
    const enabled = params['enabled'] === true
    const health = enabled ? 'healthy' : 'disabled'
    return replace(it, { ...found(it, params), enabled, health })
  },
  reset_credential: (it, params) => replace(it, { ...found(it, params), health: 'healthy' }),
  test_credential: (it, params) => {
    const name = it.accounts.find((one) => one.id === params['credential_id'])?.name ?? ''
    const tried = { credential_id: params['credential_id'], name, ok: true, message: 'answered', status: 200, latency_ms: 420, tokens: 9 }
    return { ok: 1, failed: 0, tested: 1, results: [tried] }
  },
  refresh_credential: found,
  test_proxy: () => ({ ok: true, message: 'reachable', latency_ms: 12 }),
  import_credentials: () => [{ source: 'auth.json', outcome: 'added', message: 'added' }],
  add_api_keys: (it, params) => {
    const now = found(it, params)
    const keys = params['api_keys'] as string[]
    const added = keys.map((key, index) => apiKey({ id: `n${index}`, tail: `…${key.slice(-4)}` }))
    replace(it, { ...now, keys: [...((now.keys as ApiKey[] | undefined) ?? []), ...added] })
    return { keys: [], added: keys.length, duplicates: 0, removed: 0 }
  },
  remove_api_keys: (it, params) => {
    const now = found(it, params)
    const ids = params['api_key_ids'] as string[]
    replace(it, { ...now, keys: (now.keys as ApiKey[]).filter((key) => !ids.includes(key.id)) })
    return { keys: [], added: 0, duplicates: 0, removed: ids.length }
  },
  set_api_key_status: (it, params) => {
    const now = found(it, params)
    const ids = params['api_key_ids'] as string[]
    const status = params['status'] as ApiKey['status']
    const keys = (now.keys as ApiKey[]).map((key) =>
      ids.includes(key.id) ? { ...key, status } : key,
    )
    replace(it, { ...now, keys })
    return { keys: [] }
  },
  test_api_keys: (_, params) => ({
    keys: (params['api_key_ids'] as string[]).map((id) => ({
      id,
      tail: '…abcd',
      ok: id !== 'bad',
      status: id === 'bad' ? 401 : 200,
      message: id === 'bad' ? 'not accepted' : 'accepted',
      latency_ms: 120,
    })),
  }),
  start_login: (_, params) =>
    params['flow'] === 'pkce'
      ? {
          login_id: 'l1',
          flow: 'pkce',
          verification_uri: 'https://auth.example/authorize',
          expires_in: 600,
          interval: 5,
        }
      : {
          login_id: 'l1',
          flow: 'device',
          verification_uri: 'https://auth.example/device',
          user_code: 'ABCD-EFGH',
          expires_in: 600,
          interval: 1,
        },
  poll_login: (it) => it.polls.shift() ?? { state: 'pending', interval: 1 },
  complete_login: () => ({ state: 'done', credential_id: 'a1' }),
  cancel_login: () => ({}),
  list_groups: (it) => it.groups,
  save_group: (it, params) => {
    const group = {
      accounts: 0,
      created_at: '2026-11-01T10:00:00Z',
      revision: 1,
      ...params,
    } as unknown as Group
    it.groups = [...it.groups.filter((one) => one.id !== group.id), group]
    return group
  },
  delete_group: (it, params) => {
    it.groups = it.groups.filter((one) => one.id !== params['id'])
    return {}
  },
  list_models: () => [
    {
      id: 'claude-sonnet-4-5-20250929',
      display_name: 'Claude Sonnet 4.5',
      family: 'claude',
      supports_vision: true,
      supports_tools: true,
      endpoint_type: 'anthropic',
      reasoning: 'auto',
      aliases: [],
    },
  ],
  explain_selection: (it) => ({
    model: 'claude-sonnet-4-5-20250929',
    endpoint_type: 'anthropic',
    accounts: it.accounts.map((one, index) => ({
      account: one.id,
      name: one.name,
      tier: null,
      position: index + 1,
      sticky: false,
      probe: false,
      skipped: null,
      sentence: 'is asked',
    })),
  }),
  get_usage: () => ({ rows: [], total: {} }),
  usage_statistics: () => ({ total: figures(), rows: [], more: false }),
  wait_statistics: () => ({ rows: [], complete: true }),
  week_statistics: () => ({ hours: [] }),
  get_config: (it) => ({
    config: it.config,
    origin: { files: [], user_file: 'config.json' },
    revision: it.config['revision'] ?? 1,
  }),
  update_config: (it, params) => {
    const now = it.config['revision'] ?? 1
    if (params['revision'] !== undefined && params['revision'] !== now) {
      throw new UserError({ kind: 'stale', message: 'the configuration was changed' })
    }
    merge(it.config, params['config'] as Params)
    it.config['revision'] = Number(now) + 1
    return { config: it.config, origin: { files: [], user_file: null }, revision: Number(now) + 1 }
  },
  config_schema: () => SCHEMA,
  gateway_status: (it) => ({
    version: '1.0.0',
    data_dir: 'data',
    config_origin: [],
    accounts: { total: it.accounts.length, active: it.accounts.length, cooling: 0, error: 0 },
    encryption: 'key_file',
    gateway: { running: true, url: 'http://127.0.0.1:8787' },
  }),
  list_backups: (it) => ({ folder: '/data/backups', key: 'key_file', backups: it.backups }),
  backup: (it) => {
    const made = {
      name: `asked-${it.backups.length + 1}.db`,
      bytes: 1_234_567,
      created_at: '2026-11-24T10:00:00Z',
      reason: 'asked' as const,
    }
    it.backups = [made, ...it.backups]
    return made
  },
  remove_backup: (it, params) => {
    it.backups = it.backups.filter((one) => one.name !== params['name'])
    return {}
  },
  doctor: (it) => ({ ok: it.checks.every((one) => one.state !== 'wrong'), checks: it.checks }),
  list_requests: (it) => ({
    requests: it.requests.slice(0, it.pageSize),
    next: it.requests.length > it.pageSize ? 'more' : null,
  }),
  get_request: (it, params) => {
    const one = it.requests.find((known) => known.id === params['request_id'])
    if (!one) throw new UserError({ kind: 'not_found', message: 'there is no such request' })
    return one
  },
  list_client_keys: (it) => it.clientKeys,
  create_client_key: (it, params) => {
    const key = clientKey({ id: `c${it.clientKeys.length + 1}`, ...params })
    it.clientKeys.push(key)
    return { ...key, key: 'dpk_0123456789abcdef' }
  },
  update_client_key: (it, params) => {
    const { client_key_id: id, revision, ...change } = params
    const now = it.clientKeys.find((one) => one.id === id)
    if (!now) throw new UserError({ kind: 'not_found', message: 'there is no such client key' })
    if (revision !== undefined && revision !== now.revision) {
      throw new UserError({ kind: 'stale', message: 'the client key was changed' })
    }
    const next = { ...now, ...change, revision: now.revision + 1 } as ClientKey
    next.status = next.enabled ? 'active' : 'disabled'
    it.clientKeys = it.clientKeys.map((one) => (one === now ? next : one))
    return next
  },
  rotate_client_key: () => ({ ...clientKey(), key: 'dpk_rotated' }),
  delete_client_key: (it, params) => {
    it.clientKeys = it.clientKeys.filter((one) => one.id !== params['client_key_id'])
    return {}
  },
}

function merge(into: Params, from: Params): void {
  for (const [name, value] of Object.entries(from)) {
    const inner = into[name]
    const both = isObject(inner) && isObject(value) && name !== 'model_redirects'
    if (both) merge(inner, value)
    else into[name] = value
  }
}

function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
