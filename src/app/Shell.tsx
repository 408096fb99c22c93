// The frame around every page: where one can go, which connection is in use, how it looks.
import { type ReactNode, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useClient } from '../api/hooks'
import { classes } from '../lib/classes'
import { Badge } from '../ui/Badge'
import { Button } from '../ui/Button'
import { Field } from '../ui/Field'
import { Icon, type IconName } from '../ui/Icon'
import { Link, useRouter } from '../ui/router'
import { ErrorBoundary } from './ErrorBoundary'
import { type Language, LANGUAGES } from './i18n'
import { type Theme, THEMES } from './prefs'
import { usePrefs } from './usePrefs'

const PAGES = [
  ['/', 'dashboard', 'dashboard'],
  ['/accounts', 'accounts', 'accounts'],
  ['/groups', 'groups', 'groups'],
  ['/client-keys', 'clientKeys', 'key'],
  ['/requests', 'requests', 'requests'],
  ['/playground', 'playground', 'playground'],
  ['/setup', 'setup', 'setup'],
  ['/settings', 'settings', 'settings'],
  ['/maintenance', 'maintenance', 'maintenance'],
] as const satisfies readonly (readonly [string, string, IconName])[]

export function Shell({
  connection,
  onSignOut,
  children,
}: {
  /** Beside the name of the way in use. */
  connection?: ReactNode
  onSignOut?: (() => void) | undefined
  children: ReactNode
}) {
  const { t } = useTranslation('app')
  const { path } = useRouter()
  const [open, setOpen] = useState(false)
  const navId = useId()
  const mainId = useId()
  return (
    <div className="shell">
      <a
        className="skip"
        href={`#${mainId}`}
        onClick={(event) => {
          event.preventDefault()
          document.getElementById(mainId)?.focus()
        }}
      >
        {t('skip')}
      </a>
      <div className="side">
        <div className="row between">
          <strong className="brand">{t('product')}</strong>
          <span className="narrow-only">
            <Button
              icon="menu"
              aria-expanded={open}
              aria-controls={navId}
              onClick={() => setOpen((it) => !it)}
            >
              {t('openNav')}
            </Button>
          </span>
        </div>
        <nav id={navId} aria-label={t('nav')} className={classes('nav', !open && 'nav-closed')}>
          <ul className="plain" onClickCapture={() => setOpen(false)}>
            {PAGES.map(([to, name, icon]) => (
              <li key={to}>
                <Link to={to} className="nav-link" current={isHere(path, to)}>
                  <Icon name={icon} /> <span>{t(name)}</span>
                </Link>
              </li>
            ))}
          </ul>
          <div className="stack-3 side-foot">
            <Way />
            {connection}
            <Looks />
            {onSignOut ? <Button onClick={onSignOut}>{t('signOut')}</Button> : null}
          </div>
        </nav>
      </div>
      <main id={mainId} tabIndex={-1} className="main">
        <ErrorBoundary key={path}>{children}</ErrorBoundary>
      </main>
    </div>
  )
}

function isHere(path: string, to: string): boolean {
  return to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`)
}

function Way() {
  const { t } = useTranslation('app')
  const { way } = useClient()
  const url = way.kind === 'gateway' ? way.url : ''
  return (
    <div className="row tight wrap small">
      <span className="muted">{t('connection')}</span>
      <Badge tone={way.kind === 'read_only' ? 'warn' : 'ok'}>{t(`way_${way.kind}`, { url })}</Badge>
    </div>
  )
}

export function Looks() {
  const { t } = useTranslation('app')
  const { language, theme, set } = usePrefs()
  return (
    <div className="row tight looks">
      <Field label={t('language')} hideLabel>
        {(joined) => (
          <select
            {...joined}
            className="input"
            value={language}
            onChange={(event) => set({ language: event.target.value as Language })}
          >
            {Object.entries(LANGUAGES).map(([id, name]) => (
              <option key={id} value={id} lang={id}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      {__HOST__ ? null : (
        <Field label={t('theme')} hideLabel>
          {(joined) => (
            <select
              {...joined}
              className="input"
              value={theme}
              onChange={(event) => set({ theme: event.target.value as Theme })}
            >
              {THEMES.map((it) => (
                <option key={it} value={it}>
                  {t(`theme_${it}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </div>
  )
}
