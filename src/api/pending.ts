// Methods this page knows before the generated types do.
interface Of<Params, Result> {
  params: Params
  result: Result
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
  list_requests: Of<
    RequestFilter,
    { requests: LoggedRequest[]; next?: string | null }
  >
  get_request: Of<{ request_id: string }, LoggedRequest>
}
