// What a person prefers to see: language and theme, and nothing else, is kept.
import { within } from '../lib/deadline'
import { type Language, LANGUAGES } from './i18n'

export type Theme = 'auto' | 'light' | 'dark'
export const THEMES = ['auto', 'light', 'dark'] as const satisfies readonly Theme[]

export interface Prefs {
  language: Language | null
  theme: Theme
}

export const NO_PREFS: Prefs = { language: null, theme: 'auto' }
const NAME = 'droid-provider.view'

/** Where preferences are kept: the browser's storage, or the host's. */
export interface PrefStore {
  read: () => Promise<Prefs>
  write: (prefs: Prefs) => void
}

export const browserPrefs: PrefStore = {
  read: async () => parse(localStorage.getItem(NAME)),
  write: (prefs) => {
    try {
      localStorage.setItem(NAME, JSON.stringify(prefs))
    } catch {
      // A browser that keeps nothing still shows the page.
    }
  },
}

const HOST_TIMEOUT_MS = 2000

export function hostPrefs(sdk: HostSdk): PrefStore {
  return {
    read: () =>
      within(() => sdk.storage?.get?.(NAME), HOST_TIMEOUT_MS).then(parse, () => NO_PREFS),
    write: (prefs) => {
      within(() => sdk.storage?.set?.(NAME, JSON.stringify(prefs)), HOST_TIMEOUT_MS).catch(
        () => undefined,
      )
    },
  }
}

export function parse(stored: unknown): Prefs {
  try {
    const it: unknown = typeof stored === 'string' ? JSON.parse(stored) : stored
    if (typeof it !== 'object' || it === null) return NO_PREFS
    const { language, theme } = it as Record<string, unknown>
    return {
      language:
        typeof language === 'string' && Object.hasOwn(LANGUAGES, language)
          ? (language as Language)
          : null,
      theme: THEMES.find((known) => known === theme) ?? 'auto',
    }
  } catch {
    return NO_PREFS
  }
}
