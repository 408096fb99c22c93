// Every text of the app in both languages, and which one is spoken.
import { createInstance, type i18n } from 'i18next'
import { initReactI18next } from 'react-i18next'

import { accounts } from '../features/accounts/text'
import { clientKeys } from '../features/clientKeys/text'
import { dashboard } from '../features/dashboard/text'
import { maintenance } from '../features/maintenance/text'
import { playground } from '../features/playground/text'
import { requests } from '../features/requests/text'
import { settings } from '../features/settings/text'
import { setup } from '../features/setup/text'
import { parts } from '../parts/text'
import { common } from '../ui/text'
import { app } from './text'

const TEXTS = {
  common,
  app,
  parts,
  accounts,
  clientKeys,
  dashboard,
  maintenance,
  playground,
  requests,
  settings,
  setup,
}

export const LANGUAGES = { en: 'English', zh: '中文' } as const
export type Language = keyof typeof LANGUAGES

type Spoken<L extends Language> = { [Name in keyof typeof TEXTS]: (typeof TEXTS)[Name][L] }

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common'
    resources: Spoken<'en'>
    returnNull: false
  }
}

function spoken<L extends Language>(language: L): Spoken<L> {
  const found = Object.entries(TEXTS).map(([name, both]) => [name, both[language]])
  return Object.fromEntries(found) as Spoken<L>
}

/** An instance of our own: the host may have one too. */
export function createI18n(language: Language): i18n {
  const it = createInstance()
  it.use(initReactI18next)
  void it.init({
    lng: language,
    fallbackLng: 'en',
    defaultNS: 'common',
    resources: { en: spoken('en'), zh: spoken('zh') },
    interpolation: { escapeValue: false },
    initAsync: false,
    react: { useSuspense: false, bindI18n: 'languageChanged' },
  })
  return it
}

/** The host's language if it says one, else the browser's. */
export function preferredLanguage(): Language {
  const said = [document.documentElement.lang, ...(navigator.languages ?? [navigator.language])]
  for (const it of said) {
    if (/^zh\b/i.test(it)) return 'zh'
    if (/^en\b/i.test(it)) return 'en'
  }
  return 'en'
}
