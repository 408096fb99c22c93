// What went wrong, as a person is told it. The one gate from any failure to `UserError`.
import { isRecord } from '../lib/invariant'
import { Aborted, TimedOut } from '../lib/deadline'

/** A failure of a call. `message` and `hint` come from the program in English. */
export class UserError extends Error {
  /** The program's own word (`stale`, `not_found`, ...), or one of `transport`, `timeout`, `signed_out`, `read_only`, `aborted`, `unknown`. */
  readonly kind: string
  readonly hint: string | null
  /** Which field of the params is wrong, as a path. */
  readonly field: string | null
  readonly retryable: boolean
  /** What a refused save would have overwritten, if the program said. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(it: {
    kind: string
    message: string
    hint?: string | null
    field?: string | null
    retryable?: boolean
    details?: Record<string, unknown>
  }) {
    super(it.message)
    this.name = 'UserError'
    this.kind = it.kind
    this.hint = it.hint ?? null
    this.field = it.field ?? null
    this.retryable = it.retryable ?? false
    this.details = it.details ?? {}
  }
}

/** Whether the way to the program is broken, not the call. */
export function isTransport(error: unknown): boolean {
  return error instanceof UserError && (error.kind === 'transport' || error.kind === 'timeout')
}

/** Any failure, told. */
export function toUserError(error: unknown): UserError {
  if (error instanceof UserError) return error
  if (error instanceof TimedOut) {
    return new UserError({ kind: 'timeout', message: error.message, retryable: true })
  }
  if (error instanceof Aborted || (error instanceof Error && error.name === 'AbortError')) {
    return new UserError({ kind: 'aborted', message: 'aborted', retryable: true })
  }
  if (error instanceof Error) {
    const inner = error.cause === undefined ? null : fromBody(error.cause)
    // Some hosts put the program's code and data on an error of their own.
    const own = 'code' in error && isCode(error.code) ? fromBody(error) : null
    return inner ?? own ?? fromText(error.message)
  }
  return fromBody(error) ?? fromText(typeof error === 'string' ? error : 'unknown failure')
}

/**
 * The error in a JSON-RPC error object, an admin API error body, or either wrapped in `error`.
 * Null when it is none of them.
 */
export function fromBody(body: unknown): UserError | null {
  if (!isRecord(body)) return null
  if (isRecord(body['error'])) return fromBody(body['error'])
  const message = text(body['message']) ?? text(body['error'])
  if (message === null) return null
  const data = isRecord(body['data']) ? body['data'] : body
  const kind = text(data['kind']) ?? kindOfCode(body['code'])
  return new UserError({
    kind,
    message,
    hint: text(data['hint']),
    field: text(data['field']) ?? (kind === 'invalid' ? fieldOf(message) : null),
    retryable: data['retryable'] === true || typeof data['retry_after_seconds'] === 'number',
    details: data,
  })
}

/** Some hosts pass a plugin's error on as the text of their own. */
function fromText(message: string): UserError {
  const brace = message.indexOf('{')
  if (brace >= 0) {
    try {
      const inner = fromBody(JSON.parse(message.slice(brace)))
      if (inner) return inner
    } catch {
      // No JSON in it: the text itself is all there is.
    }
  }
  const [, code, rest] = /(-32\d{3})\)?[:,]?\s+(.+)$/s.exec(message) ?? []
  const coded = code === undefined ? null : fromBody({ code: Number(code), message: rest })
  return coded ?? new UserError({ kind: 'transport', message, retryable: true })
}

/** The program begins such a message with the field's path. */
function fieldOf(message: string): string | null {
  return /^([a-z_][a-z0-9_.[\]]*): /i.exec(message)?.[1] ?? null
}

/** The browser's own errors have codes too, above zero. */
function isCode(code: unknown): boolean {
  return typeof code === 'number' && code <= -32_000
}

function kindOfCode(code: unknown): string {
  switch (code) {
    case -32602:
      return 'invalid'
    case -32601:
      return 'method_not_found'
    case -32001:
      return 'not_found'
    case -32002:
      return 'stale'
    default:
      return 'unknown'
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
