// A pool of keys, pasted.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { readKeys } from '../../lib/keys'
import { goodKeys, KeyPaste } from './KeyPaste'
import { NewAccount } from './NewAccount'

export function KeysForm({ onDone }: { onDone: (id: string) => void }) {
  const { t } = useTranslation('accounts')
  const [text, setText] = useState('')
  const keys = goodKeys(readKeys(text))
  return (
    <NewAccount
      authType="api_key"
      secrets={{ api_keys: keys }}
      reason={keys.length === 0 ? t('keysNone') : null}
      news={(made) =>
        t('keysAdded', {
          count: made.keys?.filter((it) => it.outcome === 'added').length ?? keys.length,
          name: made.name,
        })
      }
      onDone={onDone}
    >
      <KeyPaste text={text} onChange={setText} />
    </NewAccount>
  )
}
