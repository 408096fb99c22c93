// How long requests took, together or by hour or day.
import { useRead } from '../../api/hooks'
import type { Methods } from '../../api/shapes'

export type Percentiles = Methods['wait_statistics']['result']['rows'][number]['latency']

const EVERY_MS = 30_000

export function useWaits(since: number, step: 'hour' | 'day' | 'whole', offset: number) {
  const of = {
    since: new Date(since).toISOString(),
    step,
    // Hours begin where those of the usage do.
    offset_minutes: step === 'day' ? offset : 0,
  }
  return useRead('wait_statistics', of, { everyMs: EVERY_MS, keep: true })
}
