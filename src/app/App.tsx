// The whole app below the one element the host or the page gives it.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { I18nextProvider } from 'react-i18next'

import { toUserError, UserError } from '../api/errors'
import { ConfirmProvider } from '../ui/confirm'
import { MenuRoot } from '../ui/Menu'
import { type News, ToastProvider } from '../ui/toast'
import { createI18n, preferredLanguage } from './i18n'
import { NO_PREFS, type Prefs, type PrefStore } from './prefs'
import { PrefsContext } from './usePrefs'

export interface AppProps {
  prefs: PrefStore
  /** Where news go besides our own corner. */
  outlet?: ((news: News) => boolean) | undefined
  children: ReactNode
}

export function App({ prefs: store, outlet, children }: AppProps) {
  const [root, setRoot] = useState<HTMLElement | null>(null)
  const [prefs, setPrefs] = useState<Prefs>(NO_PREFS)
  const [i18n] = useState(() => createI18n(preferredLanguage()))
  const [queries] = useState(createQueries)

  useEffect(() => {
    let here = true
    void store.read().then((it) => {
      if (here) setPrefs(it)
    })
    return () => {
      here = false
    }
  }, [store])

  // Nothing may go on once the page is gone: no request, no timer.
  useEffect(
    () => () => {
      void queries.cancelQueries()
      // After the components below have let go of their queries, which would keep them for a while.
      queueMicrotask(() => queries.clear())
    },
    [queries],
  )

  const language = prefs.language ?? preferredLanguage()
  useEffect(() => {
    if (i18n.language !== language) void i18n.changeLanguage(language)
  }, [i18n, language])

  const seen = useMemo(
    () => ({
      ...prefs,
      language,
      set: (change: Partial<Prefs>) =>
        setPrefs((it) => {
          const next = { ...it, ...change }
          store.write(next)
          return next
        }),
    }),
    [prefs, language, store],
  )
  return (
    <PrefsContext.Provider value={seen}>
      <I18nextProvider i18n={i18n}>
        <QueryClientProvider client={queries}>
          <div className="dp" data-theme={prefs.theme} lang={language} ref={setRoot}>
            <MenuRoot.Provider value={root}>
              <ToastProvider outlet={outlet}>
                <ConfirmProvider>{root ? children : null}</ConfirmProvider>
              </ToastProvider>
            </MenuRoot.Provider>
          </div>
        </QueryClientProvider>
      </I18nextProvider>
    </PrefsContext.Provider>
  )
}

function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2000,
        gcTime: 60_000,
        // What the program refused it will refuse again.
        retry: (failures, error) => {
          const told = error instanceof UserError ? error : toUserError(error)
          return told.kind === 'transport' && failures < 1
        },
        retryDelay: 500,
      },
      mutations: { retry: false, gcTime: 0 },
    },
  })
}
