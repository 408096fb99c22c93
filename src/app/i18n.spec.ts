import { expect, test } from 'vitest'

import { PARTS } from '../features/accounts/text'
import { createI18n } from './i18n'

const { en, zh } = createI18n('en').services.resourceStore.data as Record<
  'en' | 'zh',
  Record<string, Record<string, string>>
>

/** The values a text is given, each once, in order. */
const values = (text: string | undefined) =>
  [...new Set([...(text ?? '').matchAll(/\{\{(\w+)/g)].map(([, name]) => name))].sort()

test('each text has the same values in both languages', () => {
  expect(Object.keys(zh)).toEqual(Object.keys(en))
  for (const [name, texts] of Object.entries(en)) {
    for (const [key, text] of Object.entries(texts)) {
      const one = `${name}:${key}`
      expect([one, values(zh[name]?.[key])]).toEqual([one, values(text)])
    }
  }
})

test('each text that counts has both forms', () => {
  for (const texts of Object.values(en)) {
    const keys = Object.keys(texts)
    for (const it of keys.filter((key) => key.endsWith('_one'))) {
      expect(keys).toContain(it.replace(/_one$/, '_other'))
    }
  }
})

test('no part of the texts of accounts hides a text of another', () => {
  const names = PARTS.flatMap((it) => Object.keys(it.en))
  expect(names.filter((it, at) => names.indexOf(it) !== at)).toEqual([])
})
