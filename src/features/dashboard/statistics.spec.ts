import { expect, test } from 'vitest'

import { along, byWeek, DAY_MS, startOf, startsOf, zoneName, zoneParts } from './statistics'

const at = Date.parse
const MINUTE = 60_000

test('days begin where the reader is, hours everywhere at once', () => {
  const moment = at('2026-11-24T20:45:00Z')
  expect(startOf(moment, 'day', 0)).toBe(at('2026-11-24T00:00:00Z'))
  expect(startOf(moment, 'day', 480)).toBe(at('2026-11-24T16:00:00Z'))
  expect(startOf(moment, 'day', -330)).toBe(at('2026-11-24T05:30:00Z'))
  expect(startOf(moment, 'hour', 330)).toBe(at('2026-11-24T20:00:00Z'))
  expect(zoneName(480)).toBe('UTC+08:00')
  expect(zoneName(-570)).toBe('UTC−09:30')
})

test('every step of a span is there once, the one under way too', () => {
  for (const offset of [-720, -90, 0, 330, 840]) {
    for (const step of ['hour', 'day'] as const) {
      const until = at('2026-11-24T20:45:00Z')
      const since = until - 7 * DAY_MS
      const starts = startsOf(since, until, step, offset)
      expect(starts[0]).toBe(startOf(since, step, offset))
      expect(starts.at(-1)).toBe(startOf(until, step, offset))
      expect(new Set(starts).size).toBe(starts.length)
      for (const it of starts) expect(startOf(it + MINUTE, step, offset)).toBe(it)
    }
  }
})

test('a row stands at its start, and the rest is empty', () => {
  const starts = [0, DAY_MS, 2 * DAY_MS]
  const rows = [{ start: '1970-01-02T00:00:00.000Z', n: 5 }, { start: '1980-01-01T00:00:00Z', n: 7 }]
  expect(along(starts, rows, (it) => it.n, 0)).toEqual([0, 5, 0])
})

test('the week begins on Monday', () => {
  const hour = (weekday: number, n: number) => ({ weekday, hour: 23, requests: n, tokens: 0, cost: 0 })
  const cells = byWeek([hour(0, 4), hour(1, 9)], (it) => it.requests)
  expect(cells.map((it) => it[23])).toEqual([9, 0, 0, 0, 0, 0, 4])
})

/** Minutes east of UTC of a zone, whichever the reader's is. */
function offsetIn(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  return (at) => {
    const name = format.formatToParts(at).find((it) => it.type === 'timeZoneName')?.value ?? ''
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? []
    return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
  }
}

test('a span is cut where the clocks were changed', () => {
  const until = at('2026-11-24T20:45:00Z')
  const since = at('2026-08-26T22:00:00Z')
  expect(zoneParts(since, until, offsetIn('Europe/Berlin'))).toEqual([
    { since, until: at('2026-10-25T01:00:00Z'), offset: 120 },
    { since: at('2026-10-25T01:00:00Z'), until: null, offset: 60 },
  ])
  expect(zoneParts(since, until, offsetIn('America/New_York')).map((it) => it.until)).toEqual([
    at('2026-11-01T06:00:00Z'),
    null,
  ])
  // Half an hour, on the southern half of the earth.
  expect(zoneParts(since, until, offsetIn('Australia/Lord_Howe')).map((it) => it.offset)).toEqual([630, 660])
  // A year has both changes; some zones have none.
  const year = zoneParts(until - 365 * DAY_MS, until, offsetIn('Europe/Berlin'))
  expect(year.map((it) => it.offset)).toEqual([60, 120, 60])
  expect(year.map((it) => it.since)).toEqual([until - 365 * DAY_MS, ...year.slice(0, -1).map((it) => it.until)])
  for (const zone of ['Asia/Shanghai', 'UTC', 'Asia/Kolkata']) {
    expect(zoneParts(since, until, offsetIn(zone))).toHaveLength(1)
  }
})

test('an hour of the week that is told for two parts of a span is their sum', () => {
  const hour = (requests: number) => ({ weekday: 1, hour: 9, requests, tokens: 0, cost: 0 })
  expect(byWeek([hour(4), hour(5)], (it) => it.requests)[0]?.[9]).toBe(9)
})
