// Changes an account; a save that would overwrite somebody else's is shown, not made.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useClient, useRead, useWrite } from '../../api/hooks'
import type { Account } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { SecretField } from '../../ui/Field'
import { Failure } from '../../ui/Notice'
import { type Difference, StaleNotice } from '../../ui/Stale'
import { useToast } from '../../ui/toast'
import { AccountFields, NameField } from './AccountFields'
import { type AccountForm, formOf, updateConfig } from './accountForm'
import { showFieldError, useAccountForm } from './useAccountForm'

export function EditAccount({ account }: { account: Account }) {
  const { t } = useTranslation(['accounts', 'common'])
  const client = useClient()
  const tell = useToast()
  const groups = useRead('list_groups', {})
  const save = useWrite('update_credential', { timeoutMs: 60_000 })
  // What the form began with: later reads of the account must not move it.
  const [began, setBegan] = useState({ form: formOf(account), revision: account.revision })
  const [token, setToken] = useState('')
  const form = useAccountForm(began.form)
  const isPool = account.auth_type === 'api_key'
  const stale = save.error?.kind === 'stale'

  const submit = (revision: number) =>
    form.handleSubmit((values) => {
      const config = updateConfig(values, began.form, isPool)
      if (token.trim() !== '') config['refresh_token'] = token.trim()
      save.mutate(
        { credential_id: account.id, revision, config },
        {
          onSuccess: (it) => {
            const fresh = formOf(it)
            setBegan({ form: fresh, revision: it.revision })
            form.reset(fresh)
            setToken('')
            tell({ tone: 'ok', text: t('common:saved') })
          },
          onError: (error) => void showFieldError(form, error),
        },
      )
    })()

  const takeTheirs = () => {
    const fresh = formOf(account)
    setBegan({ form: fresh, revision: account.revision })
    form.reset(fresh)
    save.reset()
  }
  const idle = !form.formState.isDirty && token.trim() === ''
  return (
    <form
      className="card stack-5"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit(began.revision)
      }}
    >
      <NameField form={form} />
      <AccountFields
        form={form}
        groups={groups.data ?? []}
        isPool={isPool}
        editing
        storedProxy={account.has_proxy ? (account.proxy ?? '…') : undefined}
      />
      {isPool ? null : (
        <SecretField
          label={t('newToken')}
          help={t('newTokenHelp')}
          optional
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
      )}
      {stale ? (
        <StaleNotice
          differences={differences(form.getValues(), formOf(account), t)}
          onMine={() => void submit(account.revision)}
          onTheirs={takeTheirs}
        />
      ) : save.error ? (
        <Failure title={t('common:saveFailed')} error={save.error} />
      ) : null}
      <div className="row">
        <Button
          type="submit"
          variant="primary"
          busy={save.isPending}
          disabledReason={client.readOnly ? t('common:readOnly') : idle ? t('nothingChanged') : null}
        >
          {t('common:save')}
        </Button>
      </div>
    </form>
  )
}

const SHOWN = {
  name: 'common:name',
  endpoint_type: 'endpoint',
  priority: 'priority',
  groups: 'groups',
  max_concurrency: 'concurrency',
  schedulable: 'schedulable',
  subscription_expires_at: 'expiry',
  user_agent: 'userAgent',
  token_budget: 'budget',
  key_strategy: 'keyStrategy',
} as const

function differences(
  mine: AccountForm,
  theirs: AccountForm,
  t: (key: (typeof SHOWN)[keyof typeof SHOWN]) => string,
): Difference[] {
  return (Object.keys(SHOWN) as (keyof typeof SHOWN)[])
    .filter((it) => mine[it] !== theirs[it])
    .map((it) => ({ label: t(SHOWN[it]), mine: String(mine[it]), theirs: String(theirs[it]) }))
}
