// The admin API of the gateway that served this page: a session cookie and a CSRF token.
import { within } from '../lib/deadline'
import { isRecord } from '../lib/invariant'
import { toUserError, UserError } from './errors'
import { fromHttp, toHttp } from './http'
import { CALL_TIMEOUT_MS, type CallOptions, type Transport } from './transport'

/** The token is in memory alone; a reloaded page asks for it again. */
let csrf = ''

export type Session = { state: 'signed_in' } | { state: 'signed_out' }

export async function readSession(signal?: AbortSignal): Promise<Session> {
  const body = await ask('GET', '/admin/session', null, { signal }).catch((error: unknown) => {
    if (error instanceof UserError && error.kind === 'signed_out') return null
    throw error
  })
  return note(body) ? { state: 'signed_in' } : { state: 'signed_out' }
}

export async function signIn(key: string): Promise<void> {
  note(await ask('POST', '/admin/login', JSON.stringify({ key }), {}))
}

export async function signOut(): Promise<void> {
  await ask('POST', '/admin/logout', '{}', {})
  csrf = ''
}

export const web: Transport = {
  way: { kind: 'web' },
  call: (method, params, options = {}) => {
    const { verb, path, body } = toHttp(method, params)
    return ask(verb, path, body, options)
  },
  send: async (request, _gatewayUrl, onText, signal) => {
    try {
      const { path, headers, body } = request
      // No cookie: the client's key alone opens these routes.
      const response = await fetch(path, {
        method: 'POST',
        headers,
        body,
        credentials: 'omit',
        signal,
      })
      const reader = response.body?.getReader()
      const decoder = new TextDecoder()
      for (;;) {
        const piece = await reader?.read()
        if (!piece || piece.done) break
        onText(decoder.decode(piece.value, { stream: true }))
      }
      onText(decoder.decode())
      return { status: response.status, type: response.headers.get('content-type') ?? '' }
    } catch (error) {
      throw toUserError(error)
    }
  },
}

function note(body: unknown): boolean {
  if (!isRecord(body)) return false
  const token = body['csrf_token'] ?? body['csrf']
  if (typeof token === 'string') csrf = token
  return body['authenticated'] !== false
}

async function ask(
  verb: string,
  path: string,
  body: string | null,
  options: CallOptions,
): Promise<unknown> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== null) headers['content-type'] = 'application/json'
  if (verb !== 'GET' && csrf !== '') headers['x-csrf-token'] = csrf
  const controller = new AbortController()
  const onAbort = () => controller.abort()
  options.signal?.addEventListener('abort', onAbort, { once: true })
  const work = async () => {
    const response = await fetch(path, {
      method: verb,
      headers,
      body,
      credentials: 'same-origin',
      signal: controller.signal,
    })
    return fromHttp(response.status, await response.text())
  }
  try {
    return await within(work, options.timeoutMs ?? CALL_TIMEOUT_MS, options.signal)
  } catch (error) {
    controller.abort()
    // What browsers say of a connection that is not there, each in its own words.
    throw error instanceof TypeError ? unreachable() : toUserError(error)
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}

function unreachable(): UserError {
  return new UserError({
    kind: 'transport',
    message: 'the gateway does not answer',
    hint: 'See whether it runs, and the network to it; this page asks again by itself.',
    retryable: true,
  })
}
