// Methods this page knows before the generated types do.
interface Of<Params, Result> {
  params: Params
  result: Result
}
type Nothing = Record<string, never>

export interface ClientKey {
  id: string
  name: string
  enabled: boolean
  tail: string
  created_at: string
  last_used_at?: string | null
  expires_at?: string | null
  expires_after_days?: number | null
  binding?: string | null
  fallback?: boolean
  models?: string[]
  max_concurrency?: number | null
  window_seconds?: number | null
  requests_per_window?: number | null
  tokens_per_window?: number | null
  daily_tokens?: number | null
  total_tokens?: number | null
  daily_cost?: number | null
  total_cost?: number | null
  requests?: number
  tokens?: number
  cost?: number
  revision?: number
}

export type ClientKeyInput = Partial<Omit<ClientKey, 'id' | 'tail' | 'created_at'>>

export interface LoggedAttempt {
  account: string
  key?: string | null
  status?: number | null
  class?: string | null
  latency_ms: number
}

export interface LoggedRequest {
  id: string
  started_at: string
  client_key_id?: string | null
  client_dialect: string
  endpoint: string
  model_asked: string
  model_sent?: string | null
  stream: boolean
  attempts: LoggedAttempt[]
  skipped: { account: string; reason: string }[]
  status: number
  outcome: string
  input_tokens: number
  output_tokens: number
  cache_read_tokens: number
  cache_write_tokens: number
  reasoning_tokens: number
  cost?: number | null
  latency_ms: number
  first_token_ms?: number | null
  upstream_request_id?: string | null
}

export interface Pending {
  test_proxy: Of<{ proxy: string }, { ok: boolean; message: string; latency_ms?: number }>
  list_client_keys: Of<Nothing, ClientKey[]>
  create_client_key: Of<ClientKeyInput, { id: string; key: string }>
  update_client_key: Of<{ id: string; revision?: number } & ClientKeyInput, ClientKey>
  rotate_client_key: Of<{ id: string }, { id: string; key: string }>
  delete_client_key: Of<{ id: string }, Nothing>
  list_requests: Of<
    Record<string, string | number | undefined>,
    { requests: LoggedRequest[]; next?: string | null }
  >
  get_request: Of<{ id: string }, LoggedRequest>
}
