// Keys that programs show to the gateway.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useClient, useRead, useWrite } from '../../api/hooks'
import type { ClientKey } from '../../api/shapes'
import { count, dollars } from '../../lib/format'
import { Badge } from '../../ui/Badge'
import { Button } from '../../ui/Button'
import { useConfirm } from '../../ui/confirm'
import { Loaded } from '../../ui/Loaded'
import { Menu } from '../../ui/Menu'
import { EmptyState } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { Ago } from '../../ui/Time'
import { useToast } from '../../ui/toast'
import { type Column, VirtualTable } from '../../ui/VirtualTable'
import { KeyDialog } from './KeyDialog'
import { SecretDialog } from './SecretDialog'
import { useLimitText } from './useLimitText'

const TONE = { active: 'ok', disabled: 'plain', expired: 'warn' } as const
type Open = { dialog: 'edit'; key: ClientKey | null } | { dialog: 'secret'; secret: string } | null

export function ClientKeysPage() {
  const { t } = useTranslation(['clientKeys', 'common'])
  const client = useClient()
  const read = useRead('list_client_keys', {}, { everyMs: 10_000 })
  const [open, setOpen] = useState<Open>(null)
  const barred = client.readOnly ? t('common:readOnly') : null
  const create = (
    <Button
      variant="primary"
      icon="plus"
      onClick={() => setOpen({ dialog: 'edit', key: null })}
      disabledReason={barred}
    >
      {t('create')}
    </Button>
  )
  return (
    <Page wide="rows" title={t('title')} intro={t('intro')} actions={create}>
      <Loaded read={read}>
        {(keys) =>
          keys.length === 0 ? (
            <EmptyState title={t('empty')} action={create}>
              {t('emptyBody')}
            </EmptyState>
          ) : (
            <KeyTable
              keys={keys}
              barred={barred}
              onEdit={(key) => setOpen({ dialog: 'edit', key })}
              onSecret={(secret) => setOpen({ dialog: 'secret', secret })}
            />
          )
        }
      </Loaded>
      {open?.dialog === 'edit' ? (
        <KeyDialog
          clientKey={open.key}
          onClose={() => setOpen(null)}
          onCreated={(secret) => setOpen({ dialog: 'secret', secret })}
        />
      ) : open?.dialog === 'secret' ? (
        <SecretDialog secret={open.secret} onClose={() => setOpen(null)} />
      ) : null}
    </Page>
  )
}

function KeyTable({
  keys,
  barred,
  onEdit,
  onSecret,
}: {
  keys: readonly ClientKey[]
  barred: string | null
  onEdit: (key: ClientKey) => void
  onSecret: (secret: string) => void
}) {
  const { t, i18n } = useTranslation(['clientKeys', 'common'])
  const limitText = useLimitText()
  const columns: Column<ClientKey>[] = [
    {
      id: 'name',
      head: t('common:name'),
      width: 'minmax(0, 1.6fr)',
      cell: (it) => (
        <div className="stack-1">
          <span className="strong clip">{it.name}</span>
          <code className="small muted">{it.tail}</code>
        </div>
      ),
    },
    {
      id: 'state',
      head: t('common:status'),
      width: 'minmax(0, 0.8fr)',
      cell: (it) => <Badge tone={TONE[it.status]}>{t(`state_${it.status}`)}</Badge>,
    },
    {
      id: 'limits',
      head: t('limits'),
      width: 'minmax(0, 2fr)',
      cell: (it) => <span className="small">{limitText(it)}</span>,
    },
    {
      id: 'use',
      head: t('use'),
      width: 'minmax(9.5rem, 1fr)',
      cell: (it) => (
        <div className="stack-1">
          <span>{t('requests', { count: it.requests })}</span>
          <span className="small muted">
            {t('tokens', { n: count(it.tokens_used, i18n.language) })}
            {' · '}
            {dollars(it.cost, i18n.language)}
          </span>
        </div>
      ),
    },
    {
      id: 'last',
      head: t('lastUsed'),
      width: 'minmax(0, 1fr)',
      cell: (it) => <Ago at={it.last_used_at} />,
    },
    {
      id: 'expires',
      head: t('expires'),
      width: 'minmax(0, 1fr)',
      cell: (it) => (it.ends_at ? <Ago at={it.ends_at} /> : <span className="muted">{t('never')}</span>),
    },
    {
      id: 'actions',
      head: t('common:actions'),
      hideHead: true,
      width: '4rem',
      end: true,
      cell: (it) => <KeyMenu clientKey={it} barred={barred} onEdit={onEdit} onSecret={onSecret} />,
    },
  ]
  return <VirtualTable label={t('title')} rows={keys} columns={columns} rowKey={(it) => it.id} />
}

function KeyMenu({
  clientKey,
  barred,
  onEdit,
  onSecret,
}: {
  clientKey: ClientKey
  barred: string | null
  onEdit: (key: ClientKey) => void
  onSecret: (secret: string) => void
}) {
  const { t } = useTranslation(['clientKeys', 'common'])
  const tell = useToast()
  const confirm = useConfirm()
  const update = useWrite('update_client_key')
  const rotate = useWrite('rotate_client_key')
  const remove = useWrite('delete_client_key')
  const { name } = clientKey
  const by = { client_key_id: clientKey.id }
  const onError = (error: Error) => tell({ tone: 'bad', text: `${name}: ${error.message}` })
  const turn = async () => {
    const sure = await confirm({
      title: t('rotateTitle', { name }),
      body: t('rotateBody'),
      action: t('rotate'),
    })
    if (sure) rotate.mutate(by, { onSuccess: (it) => onSecret(it.key), onError })
  }
  const drop = async () => {
    const sure = await confirm({
      title: t('deleteTitle', { name }),
      body: t('deleteBody'),
      action: t('delete'),
    })
    if (!sure) return
    remove.mutate(by, {
      onSuccess: () => tell({ tone: 'ok', text: t('deleted', { name }) }),
      onError,
    })
  }
  return (
    <Menu
      label={t('common:more', { name })}
      items={[
        { label: t('common:edit'), onSelect: () => onEdit(clientKey) },
        {
          label: clientKey.enabled ? t('disable') : t('enable'),
          onSelect: () => update.mutate({ ...by, enabled: !clientKey.enabled }, { onError }),
          disabledReason: barred,
        },
        { label: t('rotate'), onSelect: () => void turn(), disabledReason: barred },
        { label: t('delete'), onSelect: () => void drop(), danger: true, disabledReason: barred },
      ]}
    />
  )
}
