// Rows of counted usage summed the ways the dashboard shows them. Times are the reader's own.
import type { Methods } from '../../api/shapes'

export type UsageRow = Methods['get_usage']['result']['rows'][number]

export interface Sum {
  requests: number
  failed: number
  input: number
  output: number
  cacheRead: number
  cacheWrite: number
  cost: number
  latencySum: number
  /** Requests that told when their first token came, and the sum of those times. */
  firstCount: number
  firstSum: number
}

export const NOTHING: Sum = {
  requests: 0,
  failed: 0,
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cost: 0,
  latencySum: 0,
  firstCount: 0,
  firstSum: 0,
}

export function add(sum: Sum, row: UsageRow): Sum {
  return {
    requests: sum.requests + row.requests,
    // Whoever went away was not failed by us.
    failed: sum.failed + (isFailure(row.outcome) ? row.requests : 0),
    input: sum.input + row.input_tokens,
    output: sum.output + row.output_tokens,
    cacheRead: sum.cacheRead + row.cache_read_tokens,
    cacheWrite: sum.cacheWrite + row.cache_write_5m_tokens + row.cache_write_1h_tokens,
    cost: sum.cost + row.cost,
    latencySum: sum.latencySum + row.latency_ms,
    firstCount: sum.firstCount + row.first_tokens,
    firstSum: sum.firstSum + row.first_token_ms,
  }
}

function isFailure(outcome: string | null | undefined): boolean {
  return outcome !== 'ok' && outcome !== 'client_closed' && outcome !== null && outcome !== undefined
}

export function total(rows: readonly UsageRow[]): Sum {
  return rows.reduce(add, NOTHING)
}

export function tokensOf(sum: Sum): number {
  return sum.input + sum.output + sum.cacheRead + sum.cacheWrite
}

export function latencyOf(sum: Sum): number {
  return sum.requests === 0 ? 0 : sum.latencySum / sum.requests
}

export function firstOf(sum: Sum): number | null {
  return sum.firstCount === 0 ? null : sum.firstSum / sum.firstCount
}

export type Step = 'hour' | 'day'

export interface Bucket {
  at: Date
  sum: Sum
}

/** One bucket a step from `since` to `until`, also where nothing happened. */
export function overTime(
  rows: readonly UsageRow[],
  step: Step,
  since: Date,
  until: Date,
): Bucket[] {
  const sums = new Map<number, Sum>()
  for (const row of rows) {
    if (!row.hour) continue
    const key = floor(new Date(row.hour), step).getTime()
    sums.set(key, add(sums.get(key) ?? NOTHING, row))
  }
  const buckets: Bucket[] = []
  for (let at = floor(since, step); at <= until; at = next(at, step)) {
    buckets.push({ at, sum: sums.get(at.getTime()) ?? NOTHING })
  }
  return buckets
}

function floor(at: Date, step: Step): Date {
  const it = new Date(at)
  it.setMinutes(0, 0, 0)
  if (step === 'day') it.setHours(0)
  return it
}

function next(at: Date, step: Step): Date {
  const it = new Date(at)
  // Days by the calendar: one of them has 23 hours, another 25.
  if (step === 'day') it.setDate(it.getDate() + 1)
  else it.setTime(it.getTime() + 3_600_000)
  return it
}

export interface Named {
  id: string
  sum: Sum
}

/** Summed by what `keyOf` says, largest first. */
export function by(
  rows: readonly UsageRow[],
  keyOf: (row: UsageRow) => string | null | undefined,
): Named[] {
  const sums = new Map<string, Sum>()
  for (const row of rows) {
    const key = keyOf(row) ?? ''
    sums.set(key, add(sums.get(key) ?? NOTHING, row))
  }
  return [...sums]
    .map(([id, sum]) => ({ id, sum }))
    .sort((a, b) => b.sum.requests - a.sum.requests || a.id.localeCompare(b.id))
}

/** Requests by weekday (0 is Monday) and hour. */
export function heat(rows: readonly UsageRow[]): number[][] {
  const cells = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0))
  for (const row of rows) {
    if (!row.hour) continue
    const at = new Date(row.hour)
    const day = cells[(at.getDay() + 6) % 7]
    if (day) day[at.getHours()] = (day[at.getHours()] ?? 0) + row.requests
  }
  return cells
}
