// A promise that may hang, with an end.

export class TimedOut extends Error {
  constructor(readonly milliseconds: number) {
    super(`no answer within ${milliseconds} ms`)
    this.name = 'TimedOut'
  }
}

export class Aborted extends Error {
  constructor() {
    super('aborted')
    this.name = 'AbortError'
  }
}

/** `work`, unless it takes longer than `milliseconds` or `signal` ends it. Leaves no timer. */
export function within<T>(
  work: () => Promise<T> | T,
  milliseconds: number,
  signal?: AbortSignal | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) {
      reject(new Aborted())
      return
    }
    const timer = setTimeout(() => finish(() => reject(new TimedOut(milliseconds))), milliseconds)
    const onAbort = () => finish(() => reject(new Aborted()))
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    // Inside a then, so that a synchronous throw of an SDK is a rejection like any other.
    Promise.resolve()
      .then(work)
      .then(
        (value) => finish(() => resolve(value)),
        (error: unknown) => finish(() => reject(error instanceof Error ? error : wrap(error))),
      )
  })
}

/** What was thrown without being an Error keeps its own fields under `cause`. */
function wrap(thrown: unknown): Error {
  const message =
    typeof thrown === 'string'
      ? thrown
      : typeof thrown === 'object' && thrown !== null && 'message' in thrown
        ? String(thrown.message)
        : 'unknown failure'
  return new Error(message, { cause: thrown })
}
