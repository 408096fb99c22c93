// A method as a request to the gateway's admin API.
import { isRecord } from '../lib/invariant'
import { fromBody, UserError } from './errors'
import { ROUTES } from './types.gen'

export interface HttpCall {
  verb: string
  /** Path and query, below the gateway's address. */
  path: string
  body: string | null
}

/** Where a method lives over HTTP: names in the path, the rest in the query or the body. */
export function toHttp(method: string, params: unknown): HttpCall {
  const route = Object.hasOwn(ROUTES, method) ? ROUTES[method as keyof typeof ROUTES] : undefined
  if (!route) {
    throw new UserError({
      kind: 'method_not_found',
      message: `the gateway's admin API does not offer ${method}`,
    })
  }
  const rest: Record<string, unknown> = isRecord(params) ? { ...params } : {}
  let path = route.path.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    return encodeURIComponent(String(value ?? ''))
  })
  if (route.verb !== 'GET' && route.verb !== 'DELETE') {
    return { verb: route.verb, path, body: JSON.stringify(rest) }
  }
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined || value === null || value === '') continue
    query.set(name, Array.isArray(value) ? value.join(',') : String(value))
  }
  const text = query.toString()
  if (text !== '') path += `?${text}`
  return { verb: route.verb, path, body: null }
}

/** The result in an answer, or the error it tells. */
export function fromHttp(status: number, body: unknown): unknown {
  const parsed = typeof body === 'string' ? parse(body) : body
  if (status >= 200 && status < 300) return parsed
  const told = fromBody(parsed)
  if (status === 401) {
    return fail('signed_out', told?.message ?? 'the admin key was not accepted', told)
  }
  if (told) throw told
  const message = `the gateway answered ${status}`
  return fail(status >= 500 ? 'transport' : 'unknown', message, null)
}

function fail(kind: string, message: string, told: UserError | null): never {
  throw new UserError({ kind, message, hint: told?.hint ?? null, retryable: kind === 'transport' })
}

function parse(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
