// Signing in to Factory: how, and then the sign-in under way.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import type { LoginStarted } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { SelectField, TextField } from '../../ui/Field'
import { Notice } from '../../ui/Notice'
import { LoginRunning } from './LoginRunning'

type Flow = 'device' | 'pkce'
type Phase = { at: 'form' } | { at: 'running'; login: LoginStarted; began: number }

export function SignInForm({
  again,
  onDone,
}: {
  /** The account to sign in again, instead of adding one. */
  again?: string
  onDone: (id: string) => void
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const [phase, setPhase] = useState<Phase>({ at: 'form' })
  const [flow, setFlow] = useState<Flow>('device')
  const [name, setName] = useState('')
  const [proxy, setProxy] = useState('')
  const start = useWrite('start_login')
  const begin = () =>
    start.mutate(
      {
        flow,
        ...(name.trim() === '' ? {} : { name: name.trim() }),
        ...(proxy.trim() === '' ? {} : { proxy: proxy.trim() }),
        ...(again === undefined ? {} : { credential_id: again }),
      },
      { onSuccess: (login) => setPhase({ at: 'running', login, began: Date.now() }) },
    )
  if (phase.at === 'running') {
    return (
      <LoginRunning
        login={phase.login}
        began={phase.began}
        onDone={onDone}
        onOver={() => setPhase({ at: 'form' })}
      />
    )
  }
  return (
    <form
      className="stack-5"
      onSubmit={(event) => {
        event.preventDefault()
        begin()
      }}
    >
      <SelectField
        label={t('flow')}
        value={flow}
        onChange={(event) => setFlow(event.target.value as Flow)}
        options={[
          { value: 'device', label: t('flow_device') },
          { value: 'pkce', label: t('flow_pkce') },
        ]}
      />
      {again === undefined ? (
        <TextField
          label={t('common:name')}
          help={t('nameHelp')}
          optional
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      ) : null}
      <details>
        <summary>{t('moreOptions')}</summary>
        <TextField
          label={t('proxy')}
          optional
          placeholder="socks5://127.0.0.1:1080"
          autoComplete="off"
          value={proxy}
          onChange={(event) => setProxy(event.target.value)}
          error={start.error?.field === 'proxy' ? start.error.message : null}
        />
      </details>
      {start.error ? (
        <Notice tone="bad" title={t('common:failed')}>
          {start.error.message}
          {start.error.hint ? <p className="muted">{start.error.hint}</p> : null}
        </Notice>
      ) : null}
      <div className="row wrap">
        <Button type="submit" variant="primary" busy={start.isPending}>
          {t('begin')}
        </Button>
        <span className="muted small">{t('beginHelp')}</span>
      </div>
    </form>
  )
}
