// Signing in to Factory: how, and then the sign-in under way.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import type { LoginStarted } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { ChoiceField } from '../../ui/Field'
import { Failure } from '../../ui/Notice'
import { NameField } from './AccountFields'
import { NEW_ACCOUNT, proxyOf } from './accountForm'
import { LoginRunning } from './LoginRunning'
import { ProxyFields } from './ProxyFields'
import { showFieldError, useAccountForm } from './useAccountForm'

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
  const form = useAccountForm(NEW_ACCOUNT)
  const start = useWrite('start_login')
  const begin = form.handleSubmit((values) => {
    const name = values.name.trim()
    const proxy = proxyOf(values)
    start.mutate(
      {
        flow,
        ...(name === '' ? {} : { name }),
        ...(proxy === null ? {} : { proxy }),
        ...(again === undefined ? {} : { credential_id: again }),
      },
      {
        onSuccess: (login) => setPhase({ at: 'running', login, began: Date.now() }),
        onError: (error) => void showFieldError(form, error),
      },
    )
  })
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
      noValidate
      onSubmit={(event) => void begin(event)}
    >
      <ChoiceField
        label={t('flow')}
        value={flow}
        onChoose={setFlow}
        options={[
          { value: 'device', label: t('flow_device') },
          { value: 'pkce', label: t('flow_pkce') },
        ]}
      />
      {again === undefined ? <NameField form={form} /> : null}
      <details>
        <summary>{t('moreOptions')}</summary>
        <ProxyFields form={form} />
      </details>
      {start.error ? (
        <Failure title={t('common:failed')} error={start.error} />
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
