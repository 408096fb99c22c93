// Puts keys into the pool of another tier.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { SelectField } from '../../ui/Field'
import { Failure } from '../../ui/Notice'
import type { KeyActions } from './useKeyActions'

/** What the program calls the pool of no group. */
const NO_GROUP = 'default'

export function MoveKeysDialog({
  ids,
  actions,
  onClose,
}: {
  ids: readonly string[]
  actions: KeyActions
  onClose: () => void
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const groups = useRead('list_groups', {})
  const [pool, setPool] = useState(NO_GROUP)
  const run = () => actions.move(ids, pool).then((moved) => (moved ? onClose() : undefined))
  return (
    <Dialog
      title={t('moveTitle', { count: ids.length })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button variant="primary" busy={actions.moving} onClick={() => void run()}>
            {t('move')}
          </Button>
        </>
      }
    >
      <p>{t('moveBody')}</p>
      <SelectField
        label={t('tier')}
        value={pool}
        onChange={(event) => setPool(event.target.value)}
        options={[
          ...(groups.data ?? []).map((it) => ({
            value: it.id,
            label: t('tierNamed', { name: it.name, priority: it.priority }),
          })),
          { value: NO_GROUP, label: t('noGroup') },
        ]}
      />
      {actions.moveError ? <Failure title={t('common:failed')} error={actions.moveError} /> : null}
    </Dialog>
  )
}
