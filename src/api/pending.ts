// Methods this page knows before the generated types do.
interface Of<Params, Result> {
  params: Params
  result: Result
}
type Nothing = Record<string, never>

export interface ClientLimits {
  concurrency?: number | null
  window_seconds?: number | null
  window_requests?: number | null
  window_tokens?: number | null
  daily_tokens?: number | null
  /** Dollars, as every cost of an answer. */
  daily_cost?: number | null
  total_tokens?: number | null
  total_cost?: number | null
}

export interface ClientKey {
  id: string
  name: string
  tail: string
  enabled: boolean
  created_at: string
  first_used_at?: string | null
  last_used_at?: string | null
  expires_at?: string | null
  expires_days?: number | null
  /** An account's id, `group:` and a group's, or none. */
  binding?: string | null
  fallback?: boolean
  models?: string[]
  limits?: ClientLimits
  requests?: number
  tokens?: number
  cost?: number
  revision: number
}

export interface ClientKeyInput {
  name?: string
  enabled?: boolean
  expires_at?: string | null
  expires_days?: number | null
  binding?: string | null
  fallback?: boolean
  models?: string[]
  limits?: ClientLimits
}

export interface LoggedAttempt {
  account?: string | null
  key?: string | null
  status?: number | null
  class?: string | null
  latency_ms: number
}

export interface LoggedRequest {
  id: string
  started_at: string
  client_key_id?: string | null
  client: string
  endpoint?: string | null
  model_asked: string
  model_sent?: string | null
  stream: boolean
  session?: string | null
  attempts: LoggedAttempt[]
  skipped: [string, number][]
  status: number
  outcome: string
  usage: {
    input_tokens: number
    output_tokens: number
    cache_read_tokens: number
    cache_write_5m_tokens: number
    cache_write_1h_tokens: number
    reasoning_tokens: number
  }
  cost?: number | null
  latency_ms: number
  first_token_ms?: number | null
  upstream_request_id?: string | null
}

export interface RequestFilter {
  since?: string
  until?: string
  client_key_id?: string
  credential_id?: string
  model?: string
  outcome?: string
  before?: string
  limit?: number
}

export interface Pending {
  test_proxy: Of<{ proxy: string }, { ok: boolean; message: string; latency_ms?: number }>
  list_client_keys: Of<Nothing, ClientKey[]>
  create_client_key: Of<ClientKeyInput, { id: string; key: string }>
  update_client_key: Of<{ client_key_id: string; revision?: number } & ClientKeyInput, ClientKey>
  rotate_client_key: Of<{ client_key_id: string }, { id: string; key: string }>
  delete_client_key: Of<{ client_key_id: string }, Nothing>
  list_requests: Of<
    RequestFilter,
    { requests: LoggedRequest[]; next?: string | null }
  >
  get_request: Of<{ request_id: string }, LoggedRequest>
}
