// The one caller of methods.
import { toUserError } from './errors'
import type { Method, Params, Result } from './shapes'
import type { CallOptions, Send, Transport, Way } from './transport'

export class Client {
  readonly #transport: Transport
  readonly #ended = new AbortController()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get way(): Way {
    return this.#transport.way
  }

  /** Whether anything can be asked or changed at all. */
  get readOnly(): boolean {
    return this.#transport.way.kind === 'read_only'
  }

  /** Rejects with a `UserError` and with nothing else. */
  async call<M extends Method>(
    method: M,
    params: Params<M>,
    options: CallOptions = {},
  ): Promise<Result<M>> {
    // AbortSignal.any is younger than some web views.
    const both = new AbortController()
    const abort = () => both.abort()
    const sources = [this.#ended.signal, ...(options.signal ? [options.signal] : [])]
    for (const it of sources) {
      if (it.aborted) abort()
      else it.addEventListener('abort', abort, { once: true })
    }
    try {
      const answer = await this.#transport.call(method, params, { ...options, signal: both.signal })
      return answer as Result<M>
    } catch (error) {
      throw toUserError(error)
    } finally {
      for (const it of sources) it.removeEventListener('abort', abort)
    }
  }

  /** A way to send to a model, where there is one. */
  get send(): Send | undefined {
    return this.#transport.send
  }

  /** Ends every call under way, for when the page goes away. */
  close(): void {
    this.#ended.abort()
  }
}
