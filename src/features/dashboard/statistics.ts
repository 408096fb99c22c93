// Figures of the program laid along time. Hours are hours everywhere; days begin where the reader
// is, by the distance from UTC that it has now; the hours of a week are those it had then.
import type { Methods } from '../../api/shapes'

export type Step = 'hour' | 'day'
export type Figures = Methods['usage_statistics']['result']['total']
export type WeekHour = Methods['week_statistics']['result']['hours'][number]

/** Which time is looked at, and how finely. */
export interface Span {
  since: number
  until: number
  step: Step
  /** Of the reader's zone, in minutes east of UTC. */
  offset: number
}

const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
const LENGTH: Record<Step, number> = { hour: HOUR_MS, day: DAY_MS }

/** Minutes east of UTC where the reader is, at a moment. */
export function offsetAt(at: number): number {
  return -new Date(at).getTimezoneOffset()
}

/** A time in which the clocks were not changed. */
export interface ZonePart {
  since: number
  /** The last part goes on. */
  until: number | null
  offset: number
}

/** A span cut where the clocks were changed, at whole hours. */
export function zoneParts(
  since: number,
  until: number,
  zone: (at: number) => number = offsetAt,
): ZonePart[] {
  const parts: ZonePart[] = []
  let begun = since
  for (let day = since; day < until; day += DAY_MS) {
    const next = Math.min(day + DAY_MS, until)
    if (zone(day) === zone(next)) continue
    // The first hour with the new distance.
    let [before, after] = [Math.floor(day / HOUR_MS), Math.ceil(next / HOUR_MS)]
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (zone(middle * HOUR_MS) === zone(day)) before = middle
      else after = middle
    }
    parts.push({ since: begun, until: after * HOUR_MS, offset: zone(day) })
    begun = after * HOUR_MS
  }
  return [...parts, { since: begun, until: null, offset: zone(until) }]
}

/** `UTC+05:30` */
export function zoneName(offset: number): string {
  const two = (it: number) => String(it).padStart(2, '0')
  const minutes = Math.abs(offset)
  return `UTC${offset < 0 ? '−' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** The start of the hour or day that a moment is in. */
export function startOf(at: number, step: Step, offset: number): number {
  const shift = step === 'day' ? offset * 60_000 : 0
  return Math.floor((at + shift) / LENGTH[step]) * LENGTH[step] - shift
}

/** The starts of all hours or days from `since` to `until`, also of those in which nothing was. */
export function startsOf(since: number, until: number, step: Step, offset: number): number[] {
  const first = startOf(since, step, offset)
  const count = Math.floor((until - first) / LENGTH[step]) + 1
  return Array.from({ length: Math.max(count, 0) }, (_, it) => first + it * LENGTH[step])
}

/** What `read` finds in the row of each start; `none` where there is no row. */
export function along<Row extends { start?: string | null }, T>(
  starts: readonly number[],
  rows: readonly Row[],
  read: (row: Row) => T,
  none: T,
): T[] {
  const byStart = new Map(rows.map((it) => [Date.parse(it.start ?? ''), it]))
  return starts.map((it) => {
    const row = byStart.get(it)
    return row === undefined ? none : read(row)
  })
}

export function failedOf(it: Figures): number {
  return Object.values(it.errors).reduce((sum, n) => sum + n, 0)
}

/** Values by day (0 is Monday) and hour; of an hour that is told more than once, their sum. */
export function byWeek(
  hours: readonly WeekHour[],
  read: (hour: WeekHour) => number,
): number[][] {
  const cells = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0))
  for (const it of hours) {
    const day = cells[(it.weekday + 6) % 7]
    if (day) day[it.hour] = (day[it.hour] ?? 0) + read(it)
  }
  return cells
}
