// A pool of keys, pasted.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead, useWrite } from '../../api/hooks'
import { readKeys } from '../../lib/keys'
import { Button } from '../../ui/Button'
import { Notice } from '../../ui/Notice'
import { useToast } from '../../ui/toast'
import { AccountFields, NameField } from './AccountFields'
import { createConfig, NEW_ACCOUNT } from './accountForm'
import { goodKeys, KeyPaste } from './KeyPaste'
import { showFieldError, useAccountForm } from './useAccountForm'

export function KeysForm({ onDone }: { onDone: (id: string) => void }) {
  const { t } = useTranslation(['accounts', 'common'])
  const tell = useToast()
  const form = useAccountForm(NEW_ACCOUNT)
  const groups = useRead('list_groups', {})
  const create = useWrite('create_credential')
  const [text, setText] = useState('')
  const keys = goodKeys(readKeys(text))
  const submit = form.handleSubmit((values) =>
    create.mutate(
      { auth_type: 'api_key', config: { ...createConfig(values), api_keys: keys } },
      {
        onSuccess: (it) => {
          const count = it.keys?.filter((key) => key.outcome === 'added').length ?? keys.length
          tell({ tone: 'ok', text: t('keysAdded', { count, name: it.name }) })
          onDone(it.credential_id)
        },
        onError: (error) => void showFieldError(form, error),
      },
    ),
  )
  return (
    <form className="stack-5" onSubmit={(event) => void submit(event)} noValidate>
      <KeyPaste text={text} onChange={setText} />
      <NameField form={form} />
      <details>
        <summary>{t('moreOptions')}</summary>
        <AccountFields form={form} groups={groups.data ?? []} isPool editing={false} />
      </details>
      {create.error ? (
        <Notice tone="bad" title={t('common:saveFailed')}>
          {create.error.message}
        </Notice>
      ) : null}
      <div className="row">
        <Button
          type="submit"
          variant="primary"
          busy={create.isPending}
          disabledReason={keys.length === 0 ? t('keysNone') : null}
        >
          {t('add')}
        </Button>
      </div>
    </form>
  )
}
