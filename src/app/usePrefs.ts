// The preferences in force, and how to change them.
import { createContext, useContext } from 'react'

import type { Language } from './i18n'
import type { Prefs, Theme } from './prefs'

export interface SeenPrefs {
  language: Language
  theme: Theme
  set: (change: Partial<Prefs>) => void
}

export const PrefsContext = createContext<SeenPrefs | null>(null)

export function usePrefs(): SeenPrefs {
  const it = useContext(PrefsContext)
  if (!it) throw new Error('no preferences above this component')
  return it
}
