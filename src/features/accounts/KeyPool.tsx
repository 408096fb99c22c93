// The keys of one account: found, chosen, acted upon in bulk.
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { type Account, keyList } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { ChoiceField } from '../../ui/Field'
import { EmptyState } from '../../ui/Notice'
import { Card } from '../../ui/Page'
import { AddKeysDialog } from './AddKeysDialog'
import { KEY_STATES, type KeyState, keyState } from './accountState'
import { ExportKeysDialog } from './ExportKeysDialog'
import { KeyTable } from './KeyTable'
import { MoveKeysDialog } from './MoveKeysDialog'
import { useKeyActions } from './useKeyActions'

type Open = { dialog: 'add' | 'export' } | { dialog: 'move'; ids: readonly string[] } | null

export function KeyPool({ account }: { account: Account }) {
  const { t } = useTranslation(['accounts', 'common'])
  const keys = keyList(account)
  const [state, setState] = useState<KeyState | ''>('')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [open, setOpen] = useState<Open>(null)
  const rows = useMemo(
    () => keys.filter((it) => state === '' || keyState(it) === state),
    [keys, state],
  )
  const ids = rows.filter((it) => chosen.has(it.id)).map((it) => it.id)
  const actions = useKeyActions(account, () => setChosen(new Set()))
  const barred = actions.barred ?? (ids.length === 0 ? t('nothingSelected') : null)
  return (
    <Card
      title={t('keys')}
      actions={
        <>
          <ChoiceField<KeyState | ''>
            label={t('common:status')}
            hideLabel
            value={state}
            onChoose={setState}
            options={[
              { value: '', label: `${t('common:all')} (${keys.length})` },
              ...KEY_STATES.map((it) => ({
                value: it,
                label: `${t(`keyStatus_${it}`)} (${keys.filter((key) => keyState(key) === it).length})`,
              })),
            ]}
          />
          <Button
            small
            onClick={() => setOpen({ dialog: 'export' })}
            disabledReason={keys.length === 0 ? t('poolEmpty') : null}
          >
            {t('exportKeys')}
          </Button>
          <Button
            small
            busy={actions.testing !== null}
            disabledReason={actions.barred ?? (keys.length === 0 ? t('poolEmpty') : null)}
            onClick={() => void actions.test(rows.map((it) => it.id))}
          >
            {t('testAll')}
          </Button>
          <Button
            variant="primary"
            small
            icon="plus"
            onClick={() => setOpen({ dialog: 'add' })}
            disabledReason={actions.barred}
          >
            {t('addKeys')}
          </Button>
        </>
      }
    >
      <Tiers account={account} />
      <div className="row wrap" role="group" aria-label={t('common:actions')}>
        <span className="muted" role="status">
          {t('selected', { count: ids.length })}
        </span>
        <Button small onClick={() => void actions.test(ids)} disabledReason={barred}>
          {t('testSelected')}
        </Button>
        <Button small onClick={() => actions.setStatus(ids, 'active')} disabledReason={barred}>
          {t('enable')}
        </Button>
        <Button small onClick={() => actions.setStatus(ids, 'disabled')} disabledReason={barred}>
          {t('disable')}
        </Button>
        <Button small onClick={() => actions.setStatus(ids, 'banned')} disabledReason={barred}>
          {t('ban')}
        </Button>
        <Button small onClick={() => setOpen({ dialog: 'move', ids })} disabledReason={barred}>
          {t('moveTo')}
        </Button>
        <Button
          small
          variant="danger"
          onClick={() => void actions.remove(ids)}
          disabledReason={barred}
        >
          {t('remove')}
        </Button>
      </div>
      {actions.testing ? (
        <div className="row">
          <progress
            className="grow"
            value={actions.testing.done}
            max={actions.testing.total}
            aria-label={t('testing', { ...actions.testing })}
          />
          <span role="status">{t('testing', { ...actions.testing })}</span>
          <Button small icon="stop" onClick={actions.stopTest}>
            {t('stopTest')}
          </Button>
        </div>
      ) : null}
      {rows.length === 0 ? (
        keys.length === 0 ? (
          <EmptyState title={t('poolEmpty')}>{t('poolEmptyBody')}</EmptyState>
        ) : (
          <EmptyState title={t('poolNoMatch')} />
        )
      ) : (
        <KeyTable
          rows={rows}
          chosen={chosen}
          onChoose={setChosen}
          actions={actions}
          onMove={(id) => setOpen({ dialog: 'move', ids: [id] })}
        />
      )}
      {open?.dialog === 'add' ? (
        <AddKeysDialog account={account} onClose={() => setOpen(null)} />
      ) : open?.dialog === 'export' ? (
        <ExportKeysDialog
          account={account}
          keys={keys}
          state={state}
          onClose={() => setOpen(null)}
        />
      ) : open?.dialog === 'move' ? (
        <MoveKeysDialog ids={open.ids} actions={actions} onClose={() => setOpen(null)} />
      ) : null}
    </Card>
  )
}

/** When this pool is asked: by its groups, lowest number first. */
function Tiers({ account }: { account: Account }) {
  const { t } = useTranslation('accounts')
  const groups = useRead('list_groups', {})
  const mine = (groups.data ?? []).filter((it) => account.groups.includes(it.id))
  return (
    <p className="small muted">
      {mine.length === 0
        ? t('tierLast')
        : mine.map((it) => t('tierNamed', { name: it.name, priority: it.priority })).join(' · ')}
    </p>
  )
}
