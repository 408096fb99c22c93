import { expect, test } from 'vitest'

import { loggedRequest } from '../../testing/backend'
import { merged } from './logModel'

const at = (...seconds: number[]) =>
  seconds.map((it) =>
    loggedRequest({ id: `r${it}`, started_at: `2026-11-01T10:00:${String(it).padStart(2, '0')}Z` }),
  )
const ids = (rows: readonly { id: string }[]) => rows.map((it) => it.id)

test('what is new stands above what is known', () => {
  expect(ids(merged(at(9, 8), at(7, 6)))).toEqual(['r9', 'r8', 'r7', 'r6'])
})

test('a request that took long takes its place by when it began', () => {
  expect(ids(merged(at(9, 5, 1), at(8, 7, 4, 2)))).toEqual(['r9', 'r8', 'r7', 'r5', 'r4', 'r2', 'r1'])
})

test('nothing new, or nothing known', () => {
  expect(ids(merged([], at(2, 1)))).toEqual(['r2', 'r1'])
  expect(ids(merged(at(2, 1), []))).toEqual(['r2', 'r1'])
})
