// Groups as tiers, and who would be asked for a model now.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useClient, useRead, useWrite } from '../../api/hooks'
import type { Group } from '../../api/shapes'
import { useWords } from '../../parts/useWords'
import { Button } from '../../ui/Button'
import { useConfirm } from '../../ui/confirm'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Card, Page } from '../../ui/Page'
import { useToast } from '../../ui/toast'
import { type Column, VirtualTable } from '../../ui/VirtualTable'
import { ExplainCard } from './ExplainCard'
import { GroupDialog } from './GroupDialog'

export function GroupsPage() {
  const { t } = useTranslation(['accounts', 'common'])
  const client = useClient()
  const read = useRead('list_groups', {}, { everyMs: 10_000 })
  const [editing, setEditing] = useState<Group | 'new' | null>(null)
  const barred = client.readOnly ? t('common:readOnly') : null
  return (
    <Page
      title={t('tiers')}
      intro={t('tiersBody')}
      actions={
        <Button
          variant="primary"
          icon="plus"
          onClick={() => setEditing('new')}
          disabledReason={barred}
        >
          {t('tierAdd')}
        </Button>
      }
    >
      <Loaded read={read}>
        {(groups) =>
          groups.length === 0 ? (
            <Card>
              <EmptyState title={t('tierEmpty')} />
            </Card>
          ) : (
            <GroupTable groups={groups} onEdit={setEditing} barred={barred} />
          )
        }
      </Loaded>
      <ExplainCard />
      {editing ? (
        <GroupDialog
          group={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
        />
      ) : null}
    </Page>
  )
}

function GroupTable({
  groups,
  onEdit,
  barred,
}: {
  groups: readonly Group[]
  onEdit: (group: Group) => void
  barred: string | null
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const confirm = useConfirm()
  const tell = useToast()
  const remove = useWrite('delete_group')
  const words = useWords()
  const drop = async (group: Group) => {
    const yes = await confirm({
      title: t('tierDeleteTitle', { name: group.name }),
      body: t('tierDeleteBody'),
      action: t('delete'),
    })
    if (!yes) return
    remove.mutate(
      { id: group.id },
      {
        onSuccess: () => tell({ tone: 'ok', text: t('deleted', { name: group.name }) }),
        onError: (error) => tell({ tone: 'bad', text: error.message }),
      },
    )
  }
  const columns: Column<Group>[] = [
    {
      id: 'priority',
      head: t('priority'),
      width: 'minmax(0, 1fr)',
      cell: (it) => <span className="num">{it.priority}</span>,
    },
    {
      id: 'name',
      head: t('common:name'),
      width: 'minmax(0, 2fr)',
      cell: (it) => (
        <div className="row tight wrap">
          <strong>{it.name}</strong>
          {it.name === it.id ? null : <code className="muted">{it.id}</code>}
        </div>
      ),
    },
    {
      id: 'strategy',
      head: t('tierStrategy'),
      width: 'minmax(0, 2fr)',
      cell: (it) => words.strategy(it.strategy),
    },
    {
      id: 'accounts',
      head: t('tierAccounts'),
      width: 'minmax(0, 1fr)',
      cell: (it) => <span className="num">{it.accounts}</span>,
    },
    {
      id: 'actions',
      head: t('common:actions'),
      hideHead: true,
      width: 'minmax(11rem, 1fr)',
      end: true,
      cell: (it) => (
        <div className="row tight">
          <Button small onClick={() => onEdit(it)} disabledReason={barred}>
            {t('common:edit')}
          </Button>
          <Button small variant="danger" onClick={() => void drop(it)} disabledReason={barred}>
            {t('delete')}
          </Button>
        </div>
      ),
    },
  ]
  return <VirtualTable label={t('tiers')} rows={groups} columns={columns} rowKey={(it) => it.id} />
}
