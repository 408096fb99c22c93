// Copies of the data: made, listed, removed; how one is put back.
import { useTranslation } from 'react-i18next'

import { useClient, useRead, useWrite } from '../../api/hooks'
import type { Methods } from '../../api/shapes'
import { bytes } from '../../lib/format'
import { Button } from '../../ui/Button'
import { useConfirm } from '../../ui/confirm'
import { CodeBlock } from '../../ui/CopyButton'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Card } from '../../ui/Page'
import { Ago, When } from '../../ui/Time'
import { useToast } from '../../ui/toast'
import { type Column, VirtualTable } from '../../ui/VirtualTable'

type Backups = Methods['list_backups']['result']
type Backup = Backups['backups'][number]

/** Everything is copied while requests go on. */
const TIMEOUT_MS = 120_000

export function BackupsCard() {
  const { t, i18n } = useTranslation(['maintenance', 'common'])
  const client = useClient()
  const tell = useToast()
  const read = useRead('list_backups', {}, { everyMs: 30_000 })
  const make = useWrite('backup', { timeoutMs: TIMEOUT_MS })
  const barred = client.readOnly ? t('common:readOnly') : null
  const run = () =>
    make.mutate(
      {},
      {
        onSuccess: (it) =>
          tell({ tone: 'ok', text: t('made', { name: it.name, size: bytes(it.bytes, i18n.language) }) }),
        onError: (error) => tell({ tone: 'bad', text: error.message }),
      },
    )
  return (
    <Card
      title={t('backups')}
      actions={
        <Button icon="plus" busy={make.isPending} onClick={run} disabledReason={barred}>
          {t('makeOne')}
        </Button>
      }
    >
      <p className="muted">{t('backupsBody')}</p>
      <Loaded read={read}>
        {(it) => (
          <div className="stack-4">
            {it.backups.length === 0 ? (
              <EmptyState title={t('noBackups')}>{t('noBackupsBody')}</EmptyState>
            ) : (
              <BackupTable backups={it.backups} barred={barred} />
            )}
            {it.backups[0] ? <Restoring kept={it} newest={it.backups[0]} /> : null}
          </div>
        )}
      </Loaded>
    </Card>
  )
}

function BackupTable({ backups, barred }: { backups: readonly Backup[]; barred: string | null }) {
  const { t, i18n } = useTranslation(['maintenance', 'common'])
  const confirm = useConfirm()
  const tell = useToast()
  const remove = useWrite('remove_backup')
  const drop = async ({ name }: Backup) => {
    const sure = await confirm({
      title: t('removeTitle', { name }),
      body: t('removeBody'),
      action: t('remove'),
    })
    if (!sure) return
    remove.mutate(
      { name },
      {
        onSuccess: () => tell({ tone: 'ok', text: t('removed', { name }) }),
        onError: (error) => tell({ tone: 'bad', text: `${name}: ${error.message}` }),
      },
    )
  }
  const columns: Column<Backup>[] = [
    {
      id: 'name',
      head: t('common:name'),
      width: 'minmax(0, 2.5fr)',
      cell: (it) => <code>{it.name}</code>,
    },
    {
      id: 'made',
      head: t('when'),
      width: 'minmax(0, 2fr)',
      cell: (it) => (
        <div className="stack-1">
          <When at={it.created_at} />
          <span className="small muted">
            <Ago at={it.created_at} />
          </span>
        </div>
      ),
    },
    {
      id: 'size',
      head: t('size'),
      width: 'minmax(0, 1fr)',
      cell: (it) => <span className="num">{bytes(it.bytes, i18n.language)}</span>,
    },
    {
      id: 'reason',
      head: t('reason'),
      width: 'minmax(0, 1.3fr)',
      cell: (it) => t(`reason_${it.reason}`),
    },
    {
      id: 'actions',
      head: t('common:actions'),
      hideHead: true,
      width: '8rem',
      end: true,
      cell: (it) => (
        <Button small variant="danger" onClick={() => void drop(it)} disabledReason={barred}>
          {t('remove')}
          <span className="sr"> {it.name}</span>
        </Button>
      ),
    },
  ]
  return (
    <VirtualTable
      label={t('backups')}
      rows={backups}
      columns={columns}
      rowKey={(it) => it.name}
    />
  )
}

/** Replacing everything is left to the command line: it asks there, where nothing is in flight. */
function Restoring({ kept: { folder, key }, newest }: { kept: Backups; newest: Backup }) {
  const { t } = useTranslation('maintenance')
  return (
    <div className="stack-3">
      <h3>{t('restore')}</h3>
      <p>{t('restoreBody')}</p>
      <CodeBlock label={t('restoreCommand')} text={`droid-provider-cli restore ${newest.name}`} />
      <p className="small muted">
        {key === 'passphrase' ? t('opensPassphrase') : t('opensKeyFile')}{' '}
        {t('inFolder')} <code>{folder}</code>
      </p>
    </div>
  )
}
