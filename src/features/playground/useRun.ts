// One message under way: what has arrived of its answer.
import { useCallback, useEffect, useReducer, useRef } from 'react'

import { toUserError } from '../../api/errors'
import { useClient } from '../../api/hooks'
import { type Ask, errorOf, type Piece, readPiece, toRequest } from '../../api/llm'
import { SseReader } from '../../lib/sse'

export interface Run {
  state: 'idle' | 'running' | 'done' | 'failed' | 'stopped'
  text: string
  thinking: string
  stop: string | null
  input: number | null
  output: number | null
  error: string | null
  /** Milliseconds to the first text. */
  firstMs: number | null
  totalMs: number | null
  eventCount: number
  /** The last events as they came. */
  events: readonly string[]
}

/** Events kept for looking at: an answer may have any number. */
const KEPT_EVENTS = 200

const IDLE: Run = {
  state: 'idle',
  text: '',
  thinking: '',
  stop: null,
  input: null,
  output: null,
  error: null,
  firstMs: null,
  totalMs: null,
  eventCount: 0,
  events: [],
}

type Action =
  | { type: 'start' }
  | { type: 'piece'; piece: Piece; raw: string; at: number }
  | { type: 'end'; state: 'done' | 'failed' | 'stopped'; error: string | null; at: number }

function reduce(run: Run, action: Action): Run {
  switch (action.type) {
    case 'start':
      return { ...IDLE, state: 'running' }
    case 'piece': {
      const { piece, raw, at } = action
      const first = run.firstMs === null && piece.text + piece.thinking !== ''
      return {
        ...run,
        text: run.text + piece.text,
        thinking: run.thinking + piece.thinking,
        stop: piece.stop ?? run.stop,
        input: piece.input ?? run.input,
        output: piece.output ?? run.output,
        error: piece.error ?? run.error,
        firstMs: first ? at : run.firstMs,
        eventCount: run.eventCount + 1,
        events: [...run.events.slice(1 - KEPT_EVENTS), raw],
      }
    }
    case 'end': {
      const error = action.error ?? run.error
      const state = action.state === 'done' && error !== null ? 'failed' : action.state
      return { ...run, state, error, totalMs: action.at }
    }
  }
}

export function useRun() {
  const client = useClient()
  const [run, dispatch] = useReducer(reduce, IDLE)
  const current = useRef<AbortController | null>(null)
  useEffect(() => () => current.current?.abort(), [])

  const start = useCallback(
    async (url: string | null, ask: Ask) => {
      current.current?.abort()
      const controller = new AbortController()
      current.current = controller
      const began = performance.now()
      const at = () => performance.now() - began
      const reader = new SseReader()
      let whole = ''
      const take = (text: string) => {
        if (controller.signal.aborted) return
        whole += text
        for (const event of reader.push(text)) {
          dispatch({
            type: 'piece',
            piece: readPiece(ask.dialect, event),
            raw: event.data,
            at: at(),
          })
        }
      }
      dispatch({ type: 'start' })
      try {
        if (!client.send) throw new Error('there is no connection')
        const { status } = await client.send(toRequest(ask), url, take, controller.signal)
        const error = status >= 400 ? (errorText(whole) ?? `HTTP ${status}`) : null
        dispatch({ type: 'end', state: error === null ? 'done' : 'failed', error, at: at() })
      } catch (error) {
        const told = toUserError(error)
        const stopped = told.kind === 'aborted' || controller.signal.aborted
        dispatch({
          type: 'end',
          state: stopped ? 'stopped' : 'failed',
          error: stopped ? null : told.message,
          at: at(),
        })
      }
    },
    [client],
  )
  const stop = useCallback(() => current.current?.abort(), [])
  return { run, start, stop }
}

function errorText(whole: string): string | null {
  try {
    const parsed: unknown = JSON.parse(whole)
    return errorOf(Array.isArray(parsed) ? parsed[0] : parsed)
  } catch {
    return whole.slice(0, 300) || null
  }
}
