// How a request ended, as a tone.
import type { Tone } from '../../ui/Badge'

export const OUTCOMES = ['ok', 'error', 'truncated', 'client_closed'] as const
export type OutcomeKind = (typeof OUTCOMES)[number]

/** `error:rate` is an error of the class `rate`. */
export function kindOf(outcome: string): OutcomeKind {
  const word = outcome.split(':')[0]
  return OUTCOMES.find((it) => it === word) ?? 'error'
}

export function classOf(outcome: string): string | null {
  const colon = outcome.indexOf(':')
  return colon < 0 ? null : outcome.slice(colon + 1)
}

export const OUTCOME_TONE: Record<OutcomeKind, Tone> = {
  ok: 'ok',
  error: 'bad',
  truncated: 'warn',
  client_closed: 'plain',
}
