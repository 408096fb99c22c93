// The ways to the program. Each takes a method's name and params and answers its result.
import type { LlmRequest } from './llm'

export interface CallOptions {
  signal?: AbortSignal | undefined
  timeoutMs?: number | undefined
}

/** Which way is in use; the page says so. */
export type Way =
  | { kind: 'rpc' }
  | { kind: 'gateway'; url: string }
  | { kind: 'web' }
  | { kind: 'read_only'; reasons: Reason[] }
  | { kind: 'mock' }

/** Why a way could not be taken. */
export interface Reason {
  way: 'rpc' | 'gateway'
  message: string
}

export interface Transport {
  readonly way: Way
  call(method: string, params: unknown, options?: CallOptions): Promise<unknown>
  /** A request to a model, as its answer arrives; absent where nothing can be sent. */
  send?: Send
}

/** Answers the status and the content type once the whole answer was handed to `onText`. */
export type Send = (
  request: LlmRequest,
  gatewayUrl: string | null,
  onText: (text: string) => void,
  signal: AbortSignal,
) => Promise<{ status: number; type: string }>

/** A call that takes longer is given up. The host itself gives up after 30 s. */
export const CALL_TIMEOUT_MS = 30_000
