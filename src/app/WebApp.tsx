// In a browser: signs in to the gateway that served the page.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Client } from '../api/client'
import { toUserError, type UserError } from '../api/errors'
import { ClientContext } from '../api/hooks'
import { readSession, type Session, signIn, signOut, web } from '../api/web'
import { Button } from '../ui/Button'
import { SecretField } from '../ui/Field'
import { Loaded } from '../ui/Loaded'
import { Notice } from '../ui/Notice'
import { Card, Page } from '../ui/Page'
import { BrowserRouter } from '../ui/router'
import { Pages } from './Pages'
import { Looks, Shell } from './Shell'
import { usePrefs } from './usePrefs'

const SESSION = ['session']

export function WebApp() {
  usePage()
  const queries = useQueryClient()
  const session = useQuery<Session, UserError>({
    queryKey: SESSION,
    queryFn: ({ signal }) => readSession(signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
  })
  // A call that finds the session ended sends the page back to the sign-in.
  useEffect(
    () =>
      queries.getQueryCache().subscribe((event) => {
        const error: unknown = event.query.state.error
        if (event.type !== 'updated' || event.query.queryKey[0] === SESSION[0]) return
        if (toUserErrorKind(error) === 'signed_out') {
          queries.setQueryData<Session>(SESSION, { state: 'signed_out' })
        }
      }),
    [queries],
  )
  const leave = async () => {
    await signOut().catch(() => undefined)
    queries.removeQueries({ predicate: (it) => it.queryKey[0] !== SESSION[0] })
    queries.setQueryData<Session>(SESSION, { state: 'signed_out' })
  }
  return (
    <BrowserRouter>
      <Loaded read={session}>
        {(it) =>
          it.state === 'signed_in' ? (
            <SignedIn onLeave={() => void leave()} />
          ) : (
            <SignInPage
              onDone={() => queries.setQueryData<Session>(SESSION, { state: 'signed_in' })}
            />
          )
        }
      </Loaded>
    </BrowserRouter>
  )
}

/** What the page itself takes from the preferences: its language and whether it is dark. */
function usePage() {
  const { language, theme } = usePrefs()
  useEffect(() => {
    document.documentElement.lang = language
    const dark = window.matchMedia('(prefers-color-scheme: dark)')
    const show = () => {
      const on = theme === 'dark' || (theme === 'auto' && dark.matches)
      document.documentElement.classList.toggle('dark', on)
      document.documentElement.style.colorScheme = on ? 'dark' : 'light'
    }
    show()
    dark.addEventListener('change', show)
    return () => dark.removeEventListener('change', show)
  }, [language, theme])
}

function toUserErrorKind(error: unknown): string | null {
  return error === null || error === undefined ? null : toUserError(error).kind
}

function SignedIn({ onLeave }: { onLeave: () => void }) {
  const [client] = useState(() => new Client(web))
  return (
    <ClientContext.Provider value={client}>
      <Shell onSignOut={onLeave}>
        <Pages />
      </Shell>
    </ClientContext.Provider>
  )
}

function SignInPage({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation(['app', 'common'])
  const [key, setKey] = useState('')
  const [state, setState] = useState<{ busy: boolean; error: string | null }>({
    busy: false,
    error: null,
  })
  const submit = async () => {
    setState({ busy: true, error: null })
    try {
      await signIn(key.trim())
      onDone()
    } catch (error) {
      setState({ busy: false, error: toUserError(error).message })
    }
  }
  return (
    <main className="main sign-in">
      <Page title={t('product')} actions={<Looks />}>
        <Card title={t('signInTitle')}>
          <p className="muted">{t('signInBody')}</p>
          <form
            className="stack-4"
            onSubmit={(event) => {
              event.preventDefault()
              void submit()
            }}
          >
            <SecretField
              label={t('adminKey')}
              help={t('adminKeyHelp')}
              value={key}
              autoFocus
              onChange={(event) => setKey(event.target.value)}
            />
            {state.error ? (
              <Notice tone="bad" title={t('signInFailed')}>
                {state.error}
              </Notice>
            ) : null}
            <div>
              <Button
                type="submit"
                variant="primary"
                busy={state.busy}
                disabledReason={key.trim() === '' ? t('common:required') : null}
              >
                {t('signIn')}
              </Button>
            </div>
          </form>
        </Card>
      </Page>
    </main>
  )
}
