// More keys for a pool.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import type { Account } from '../../api/shapes'
import { readKeys } from '../../lib/keys'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Failure } from '../../ui/Notice'
import { useToast } from '../../ui/toast'
import { goodKeys, KeyPaste } from './KeyPaste'

export function AddKeysDialog({
  account,
  onClose,
}: {
  account: Account
  onClose: () => void
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const tell = useToast()
  const add = useWrite('add_api_keys')
  const [text, setText] = useState('')
  const keys = goodKeys(readKeys(text))
  const submit = () =>
    add.mutate(
      { credential_id: account.id, api_keys: keys },
      {
        onSuccess: (it) => {
          tell({ tone: 'ok', text: t('keysAdded', { count: it.added, name: account.name }) })
          onClose()
        },
      },
    )
  return (
    <Dialog
      title={t('addKeysTitle', { name: account.name })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button
            variant="primary"
            busy={add.isPending}
            onClick={submit}
            disabledReason={keys.length === 0 ? t('keysNone') : null}
          >
            {t('addKeys')}
          </Button>
        </>
      }
    >
      <KeyPaste text={text} onChange={setText} />
      {add.error ? (
        <Failure title={t('common:saveFailed')} error={add.error} />
      ) : null}
    </Dialog>
  )
}
