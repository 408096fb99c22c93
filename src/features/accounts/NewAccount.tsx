// What every form that adds an account has: its fields, what failed, its button.
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead, useWrite } from '../../api/hooks'
import type { Params, Result } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { Failure } from '../../ui/Notice'
import { useToast } from '../../ui/toast'
import { AccountFields, NameField } from './AccountFields'
import { createConfig, NEW_ACCOUNT } from './accountForm'
import { showFieldError, useAccountForm } from './useAccountForm'

type Create = Params<'create_credential'>

export function NewAccount({
  authType,
  secrets,
  reason,
  news,
  onDone,
  children,
}: {
  authType: Create['auth_type']
  /** What only this kind has; it is sent and nowhere kept. */
  secrets: Record<string, unknown>
  /** Why it cannot be added yet. */
  reason: string | null
  news: (made: Result<'create_credential'>) => string
  onDone: (id: string) => void
  /** The field of the secrets. */
  children: ReactNode
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const tell = useToast()
  const form = useAccountForm(NEW_ACCOUNT)
  const groups = useRead('list_groups', {})
  // A token is verified by refreshing it once, with the program's own retries.
  const create = useWrite('create_credential', { timeoutMs: 60_000 })
  const submit = form.handleSubmit((values) => {
    // Enter in a field goes past the button and its reason.
    if (reason !== null || create.isPending) return
    create.mutate(
      { auth_type: authType, config: { ...createConfig(values), ...secrets } },
      {
        onSuccess: (made) => {
          tell({ tone: 'ok', text: news(made) })
          onDone(made.credential_id)
        },
        onError: (error) => void showFieldError(form, error),
      },
    )
  })
  return (
    <form className="stack-5" onSubmit={(event) => void submit(event)} noValidate>
      {children}
      <NameField form={form} />
      <details>
        <summary>{t('moreOptions')}</summary>
        <AccountFields
          form={form}
          groups={groups.data ?? []}
          isPool={authType === 'api_key'}
          editing={false}
        />
      </details>
      {create.error ? <Failure title={t('common:saveFailed')} error={create.error} /> : null}
      <div className="row">
        <Button type="submit" variant="primary" busy={create.isPending} disabledReason={reason}>
          {t('add')}
        </Button>
      </div>
    </form>
  )
}
