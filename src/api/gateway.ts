// The gateway's admin API, through the host's `sdk.http.request`.
import { within } from '../lib/deadline'
import { isRecord } from '../lib/invariant'
import { toUserError, UserError } from './errors'
import { fromHttp, toHttp } from './http'
import { CALL_TIMEOUT_MS, type CallOptions, type Send, type Transport } from './transport'

/** Where the gateway is and what opens it. Kept in the host's storage, never in its tables. */
export interface GatewayAddress {
  url: string
  adminKey: string
}

const STORED = 'gateway'
const STORAGE_TIMEOUT_MS = 3000
const HELLO_TIMEOUT_MS = 6000

export async function readAddress(sdk: HostSdk): Promise<GatewayAddress | null> {
  if (!sdk.storage?.get) return null
  const stored = await within(() => sdk.storage?.get?.(STORED), STORAGE_TIMEOUT_MS).catch(() => null)
  const value = typeof stored === 'string' ? parse(stored) : stored
  // Some hosts wrap what was stored.
  const inner = isRecord(value) && 'value' in value ? value['value'] : value
  const found = typeof inner === 'string' ? parse(inner) : inner
  if (!isRecord(found)) return null
  const { url, adminKey } = found
  return typeof url === 'string' && typeof adminKey === 'string' ? { url, adminKey } : null
}

export async function saveAddress(sdk: HostSdk, address: GatewayAddress): Promise<void> {
  await within(() => sdk.storage?.set?.(STORED, JSON.stringify(address)), STORAGE_TIMEOUT_MS)
}

export async function forgetAddress(sdk: HostSdk): Promise<void> {
  await within(() => sdk.storage?.delete?.(STORED), STORAGE_TIMEOUT_MS)
}

export async function connectGateway(
  sdk: HostSdk,
  address: GatewayAddress | null,
  signal?: AbortSignal,
): Promise<Transport> {
  if (!sdk.http?.request) {
    throw new UserError({ kind: 'transport', message: 'this host offers no sdk.http' })
  }
  if (!address) {
    throw new UserError({ kind: 'transport', message: 'no gateway address is stored' })
  }
  const transport = new Gateway(sdk, sdk.http.request.bind(sdk.http), address)
  await transport.call('gateway_status', {}, { signal, timeoutMs: HELLO_TIMEOUT_MS })
  return transport
}

type Request = NonNullable<NonNullable<HostSdk['http']>['request']>

class Gateway implements Transport {
  readonly way
  readonly send: Send
  readonly #request: Request
  readonly #address: GatewayAddress

  constructor(sdk: HostSdk, request: Request, address: GatewayAddress) {
    this.#request = request
    this.send = sendThroughHost(sdk)
    this.#address = { ...address, url: address.url.replace(/\/+$/, '') }
    this.way = { kind: 'gateway', url: this.#address.url } as const
  }

  async call(method: string, params: unknown, options: CallOptions = {}): Promise<unknown> {
    const { verb, path, body } = toHttp(method, params)
    const timeoutMs = options.timeoutMs ?? CALL_TIMEOUT_MS
    const headers: Record<string, string> = {
      accept: 'application/json',
      'x-admin-key': this.#address.adminKey,
    }
    if (body !== null) headers['content-type'] = 'application/json'
    const work = () =>
      this.#request(this.#address.url + path, {
        method: verb,
        headers,
        ...(body === null ? {} : { body }),
        timeoutMs,
      })
    try {
      const answer = await within(work, timeoutMs + 1000, options.signal)
      const [status, content] = await readAnswer(answer, timeoutMs)
      return fromHttp(status, content)
    } catch (error) {
      throw toUserError(error)
    }
  }
}

const LLM_TIMEOUT_MS = 300_000

/** A model's answer through the host comes in one piece: the host hands no streams out. */
export function sendThroughHost(sdk: HostSdk): Send {
  return async (request, gatewayUrl, onText, signal) => {
    if (!sdk.http?.request || gatewayUrl === null) {
      throw new UserError({ kind: 'transport', message: 'there is no gateway to send this to' })
    }
    const work = () =>
      sdk.http?.request?.(gatewayUrl.replace(/\/+$/, '') + request.path, {
        method: 'POST',
        headers: request.headers,
        body: request.body,
        timeoutMs: LLM_TIMEOUT_MS,
      })
    try {
      const answer = await within(work, LLM_TIMEOUT_MS + 1000, signal)
      const [status, content] = await readAnswer(answer, LLM_TIMEOUT_MS)
      onText(typeof content === 'string' ? content : JSON.stringify(content))
      return { status, type: '' }
    } catch (error) {
      throw toUserError(error)
    }
  }
}

/** `{status, headers, body}`, a fetch `Response`, or the body alone. */
async function readAnswer(answer: unknown, timeoutMs: number): Promise<[number, unknown]> {
  if (!isRecord(answer)) return [200, answer]
  const status = typeof answer['status'] === 'number' ? answer['status'] : 200
  const text = answer['text']
  if (typeof text === 'function') {
    return [status, await within(() => text.call(answer) as Promise<string>, timeoutMs)]
  }
  if ('body' in answer) return [status, answer['body']]
  if ('data' in answer && 'status' in answer) return [status, answer['data']]
  return [status, answer]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
