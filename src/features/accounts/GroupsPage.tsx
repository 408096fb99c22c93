// Groups as tiers, and who would be asked for a model now.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useClient, useRead, useWrite } from '../../api/hooks'
import type { Group } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { useConfirm } from '../../ui/confirm'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Card, Page } from '../../ui/Page'
import { useToast } from '../../ui/toast'
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
      <Card>
        <Loaded read={read}>
          {(groups) =>
            groups.length === 0 ? (
              <EmptyState title={t('tierEmpty')} />
            ) : (
              <GroupTable groups={groups} onEdit={setEditing} barred={barred} />
            )
          }
        </Loaded>
      </Card>
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
  return (
    <div className="scroll-x" role="region" aria-label={t('tiers')} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('priority')}</th>
            <th scope="col">{t('common:name')}</th>
            <th scope="col">{t('tierStrategy')}</th>
            <th scope="col">{t('tierAccounts')}</th>
            <th scope="col">
              <span className="sr">{t('common:actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map((it) => (
            <tr key={it.id}>
              <td className="num">{it.priority}</td>
              <th scope="row">
                {it.name} {it.name === it.id ? null : <code>{it.id}</code>}
              </th>
              <td>{t(`strategy_${it.strategy}`)}</td>
              <td className="num">{it.accounts}</td>
              <td className="end">
                <div className="row tight">
                  <Button small onClick={() => onEdit(it)} disabledReason={barred}>
                    {t('common:edit')}
                  </Button>
                  <Button
                    small
                    variant="danger"
                    onClick={() => void drop(it)}
                    disabledReason={barred}
                  >
                    {t('delete')}
                  </Button>
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
