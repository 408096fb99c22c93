// Figures of the program laid along time. Hours are hours everywhere; days and weeks are those of
// the reader's zone, by the distance from UTC that it has now.
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

/** Minutes east of UTC. */
export function offsetNow(): number {
  return -new Date().getTimezoneOffset()
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

/** Values by day (0 is Monday) and hour. */
export function byWeek(
  hours: readonly WeekHour[],
  read: (hour: WeekHour) => number,
): number[][] {
  const cells = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0))
  for (const it of hours) {
    const day = cells[(it.weekday + 6) % 7]
    if (day) day[it.hour] = read(it)
  }
  return cells
}
