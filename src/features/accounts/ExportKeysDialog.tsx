// Keys as a file: what can be shown of them, or the keys themselves after a warning.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import type { Account, ApiKey } from '../../api/shapes'
import { toCsv } from '../../lib/csv'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { download } from '../../ui/download'
import { ChoiceField } from '../../ui/Field'
import { Failure, Notice } from '../../ui/Notice'
import { useToast } from '../../ui/toast'
import { KEY_STATES, type KeyState, keyState } from './accountState'

type What = 'list' | 'keys'

export function ExportKeysDialog({
  account,
  keys,
  state: began,
  onClose,
}: {
  account: Account
  keys: readonly ApiKey[]
  state: KeyState | ''
  onClose: () => void
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const tell = useToast()
  const [what, setWhat] = useState<What>('list')
  const [state, setState] = useState(began)
  const plain = useWrite('export_pool_keys')
  const rows = keys.filter((it) => state === '' || keyState(it) === state)
  const name = state || 'all'
  const done = (count: number) => {
    tell({ tone: 'ok', text: t('exported', { count }) })
    onClose()
  }
  const run = () => {
    if (what === 'list') {
      const head = ['key', 'state', 'why', 'requests', 'tokens', 'last used']
      const body = rows.map((it) => [it.tail, keyState(it), it.error ?? it.cooling?.reason, it.uses, it.tokens_used, it.last_used_at])
      download(`keys-${name}.csv`, 'text/csv', toCsv(head, body))
      done(rows.length)
      return
    }
    // A pause is no status of its own: such keys are active ones.
    const status = state === 'cooling' ? 'active' : state
    const which = { credential_id: account.id, ...(status === '' ? {} : { status }) }
    plain.mutate(which, {
      onSuccess: (it) => {
        download(`keys-${name}.txt`, 'text/plain', it.text)
        done(it.count)
      },
    })
  }
  return (
    <Dialog
      title={t('exportKeys')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button
            variant={what === 'keys' ? 'danger' : 'primary'}
            busy={plain.isPending}
            onClick={run}
            disabledReason={rows.length === 0 ? t('poolNoMatch') : null}
          >
            {what === 'keys' ? t('exportPlain') : t('exportRun')}
          </Button>
        </>
      }
    >
      <ChoiceField
        label={t('exportWhat')}
        value={what}
        onChoose={(next) => {
          setWhat(next)
          if (next === 'keys' && state === 'cooling') setState('active')
        }}
        options={[
          { value: 'list', label: t('exportList') },
          { value: 'keys', label: t('exportSecrets') },
        ]}
      />
      <ChoiceField
        label={t('common:status')}
        value={state}
        onChoose={setState}
        options={[
          { value: '', label: t('common:all') },
          ...KEY_STATES.filter((it) => what === 'list' || it !== 'cooling').map((it) => ({ value: it, label: t(`keyStatus_${it}`) })),
        ]}
      />
      {what === 'keys' ? (
        <Notice tone="warn" title={t('exportWarning')}>
          {t('exportWarningBody')}
        </Notice>
      ) : null}
      {plain.error ? <Failure title={t('common:failed')} error={plain.error} /> : null}
    </Dialog>
  )
}
