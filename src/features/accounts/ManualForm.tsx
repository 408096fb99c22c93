// An account from a pasted refresh token.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead, useWrite } from '../../api/hooks'
import { Button } from '../../ui/Button'
import { SecretField } from '../../ui/Field'
import { Notice } from '../../ui/Notice'
import { useToast } from '../../ui/toast'
import { AccountFields, NameField } from './AccountFields'
import { createConfig, NEW_ACCOUNT } from './accountForm'
import { showFieldError, useAccountForm } from './useAccountForm'

export function ManualForm({ onDone }: { onDone: (id: string) => void }) {
  const { t } = useTranslation(['accounts', 'common'])
  const tell = useToast()
  const form = useAccountForm(NEW_ACCOUNT)
  const groups = useRead('list_groups', {})
  // Verifying refreshes once, with the program's own retries.
  const create = useWrite('create_credential', { timeoutMs: 60_000 })
  const [token, setToken] = useState('')
  const submit = form.handleSubmit((values) =>
    create.mutate(
      {
        auth_type: 'manual',
        config: { ...createConfig(values), refresh_token: token.trim() },
      },
      {
        onSuccess: (it) => {
          tell({ tone: 'ok', text: t('added', { name: it.name }) })
          onDone(it.credential_id)
        },
        onError: (error) => void showFieldError(form, error),
      },
    ),
  )
  return (
    <form className="stack-5" onSubmit={(event) => void submit(event)} noValidate>
      <SecretField
        label={t('manualLabel')}
        help={t('manualHelp')}
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <NameField form={form} />
      <details>
        <summary>{t('moreOptions')}</summary>
        <AccountFields form={form} groups={groups.data ?? []} isPool={false} editing={false} />
      </details>
      {create.error ? (
        <Notice tone="bad" title={t('common:saveFailed')}>
          {create.error.message}
          {create.error.hint ? <p className="muted">{create.error.hint}</p> : null}
        </Notice>
      ) : null}
      <div className="row">
        <Button
          type="submit"
          variant="primary"
          busy={create.isPending}
          disabledReason={token.trim() === '' ? t('common:required') : null}
        >
          {t('add')}
        </Button>
      </div>
    </form>
  )
}
