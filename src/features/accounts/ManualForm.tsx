// An account from a pasted refresh token.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { SecretField } from '../../ui/Field'
import { NewAccount } from './NewAccount'

export function ManualForm({ onDone }: { onDone: (id: string) => void }) {
  const { t } = useTranslation(['accounts', 'common'])
  const [token, setToken] = useState('')
  return (
    <NewAccount
      authType="manual"
      secrets={{ refresh_token: token.trim() }}
      reason={token.trim() === '' ? t('common:required') : null}
      news={(made) => t('added', { name: made.name })}
      onDone={onDone}
    >
      <SecretField
        label={t('manualLabel')}
        help={t('manualHelp')}
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
    </NewAccount>
  )
}
