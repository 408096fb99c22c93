import { expect, test } from 'vitest'

import { toCsv } from './csv'
import { toContent } from './content'
import { countdown, dollars, fromLocalInput, percent, relative, toLocalInput } from './format'
import { readKeys } from './keys'
import { strengthOf } from './passphrase'
import { SseReader } from './sse'

test('a stream of events cut anywhere gives the same events', () => {
  const text = 'event: a\r\ndata: {"x":1}\r\n\r\n: ping\n\ndata: two\ndata: lines\n\nevent:b\rdata:é\r\r'
  const whole = new SseReader().push(text)
  expect(whole).toEqual([
    { event: 'a', data: '{"x":1}' },
    { event: null, data: 'two\nlines' },
    { event: 'b', data: 'é' },
  ])
  for (let at = 0; at <= text.length; at += 1) {
    const reader = new SseReader()
    const cut = [...reader.push(text.slice(0, at)), ...reader.push(text.slice(at)), ...reader.end()]
    expect(cut, `cut at ${at}`).toEqual(whole)
  }
})

test('pasted keys keep their order and say what is wrong with the others', () => {
  const states = readKeys('fk-11111111, fk-22222222\r\n\r\n fk-11111111 ;tiny\nключ-12345678').map(
    (it) => [it.line, it.state],
  )
  expect(states).toEqual([
    [1, 'ok'],
    [1, 'ok'],
    [3, 'duplicate'],
    [3, 'malformed'],
    [4, 'malformed'],
  ])
})

test('a spreadsheet runs nothing of a table', () => {
  expect(toCsv(['a', 'b'], [['=1+1', 'x,"y"'], [-3, null]])).toBe(
    'a,b\r\n\'=1+1,"x,""y"""\r\n-3,\r\n',
  )
})

test('times and amounts', () => {
  expect(countdown(1000 * 245, 0)).toBe('4:05')
  expect(countdown(0, 5000)).toBe('0:00')
  expect(countdown(3_661_000, 0)).toBe('1:01:01')
  expect(relative('2026-01-01T00:05:00Z', Date.parse('2026-01-01T00:00:00Z'), 'en')).toBe('in 5 minutes')
  expect(relative(null, 0, 'en')).toBe('–')
  expect(percent(1, 0, 'en')).toBe('–')
  expect(percent(2, 3, 'en')).toBe('66.7%')
  expect(dollars(0.0123, 'en')).toBe('$0.0123')
  const iso = '2026-03-01T12:30:00.000Z'
  expect(fromLocalInput(toLocalInput(iso))).toBe(iso)
  expect(fromLocalInput('')).toBeNull()
})

test('a file that is text is sent as text, any other by its bytes', () => {
  expect(toContent(new TextEncoder().encode('{"ключ": 1}'))).toEqual({ content: '{"ключ": 1}' })
  const bytes = Uint8Array.from({ length: 100_000 }, (_, it) => it % 256)
  const text = atob((toContent(bytes) as { content_base64: string }).content_base64)
  expect(Uint8Array.from(text, (it) => it.charCodeAt(0))).toEqual(bytes)
})

test('a passphrase is as strong as it is long and varied', () => {
  expect(['', 'secret', 'aaaaaaaaaaaaaaaaaaaaaaaa', '12345678'].map(strengthOf)).toEqual(['weak', 'weak', 'weak', 'weak'])
  expect(strengthOf('Tr0ub4dor&')).toBe('fair')
  expect(strengthOf('correct horse battery staple')).toBe('strong')
})
