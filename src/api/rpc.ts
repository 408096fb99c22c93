// The plugin's own process, through the host's `sdk.rpc`.
import { within } from '../lib/deadline'
import { isRecord } from '../lib/invariant'
import { fromBody, toUserError, UserError } from './errors'
import { sendThroughHost } from './gateway'
import { CALL_TIMEOUT_MS, type CallOptions, type Send, type Transport } from './transport'

/** Finding out whether a way works must not make a person wait long. */
const HELLO_TIMEOUT_MS = 6000

/** Connects, and proves it with a call; rejects with a `UserError` otherwise. */
export async function connectRpc(sdk: HostSdk, signal?: AbortSignal): Promise<Transport> {
  const rpc = sdk.rpc
  if (!rpc || typeof rpc.call !== 'function') {
    throw new UserError({ kind: 'transport', message: 'this host offers no sdk.rpc' })
  }
  const connected = await within(() => rpc.isConnected?.(), HELLO_TIMEOUT_MS, signal).catch(
    () => false,
  )
  if (connected !== true && rpc.connect) {
    await within(() => rpc.connect?.(), HELLO_TIMEOUT_MS, signal).catch((error: unknown) => {
      throw toUserError(error)
    })
  }
  const transport = new Rpc(rpc, sendThroughHost(sdk))
  await transport.call('ping', {}, { signal, timeoutMs: HELLO_TIMEOUT_MS })
  return transport
}

class Rpc implements Transport {
  readonly way = { kind: 'rpc' } as const
  readonly send: Send
  readonly #rpc: NonNullable<HostSdk['rpc']>

  constructor(rpc: NonNullable<HostSdk['rpc']>, send: Send) {
    this.#rpc = rpc
    this.send = send
  }

  async call(method: string, params: unknown, options: CallOptions = {}): Promise<unknown> {
    const work = () => this.#rpc.call?.(method, params)
    try {
      return unwrap(await within(work, options.timeoutMs ?? CALL_TIMEOUT_MS, options.signal))
    } catch (error) {
      throw toUserError(error)
    }
  }
}

/** Hosts answer the result, the whole JSON-RPC message, or either as text. */
export function unwrap(answer: unknown): unknown {
  if (typeof answer === 'string') {
    try {
      return unwrap(JSON.parse(answer))
    } catch {
      return answer
    }
  }
  if (!isRecord(answer)) return answer
  const envelope =
    'jsonrpc' in answer ||
    Object.keys(answer).every((it) => it === 'result' || it === 'error' || it === 'id')
  if (!envelope) return answer
  if (answer['error'] !== undefined && answer['error'] !== null) {
    throw fromBody(answer) ?? new UserError({ kind: 'unknown', message: 'unknown failure' })
  }
  return 'result' in answer ? answer['result'] : answer
}
