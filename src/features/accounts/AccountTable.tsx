// Accounts as rows, or as cards where there is no room.
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'

import { type Account, type KeyCounts, keyCounts } from '../../api/shapes'
import { count } from '../../lib/format'
import { useWords } from '../../parts/useWords'
import { Badge } from '../../ui/Badge'
import { Menu } from '../../ui/Menu'
import { Link } from '../../ui/router'
import { Ago } from '../../ui/Time'
import { type Column, type Sort, VirtualTable } from '../../ui/VirtualTable'
import { HealthBadge } from './HealthBadge'
import { useAccountActions } from './useAccountActions'
import type { Today } from './useToday'

export function AccountTable({
  rows,
  today,
  sort,
  onSort,
}: {
  rows: readonly Account[]
  today: ReadonlyMap<string, Today>
  sort: Sort
  onSort: (sort: Sort) => void
}) {
  const { t, i18n } = useTranslation(['accounts', 'common'])
  const words = useWords()
  const columns: Column<Account>[] = [
    {
      id: 'name',
      head: t('account'),
      width: 'minmax(0, 2fr)',
      sortable: true,
      cell: (it) => (
        <div className="stack-1">
          <Link to={`/accounts/${it.id}`} className="strong name">
            {it.name}
          </Link>
          <span className="small muted clip" title={it.organization_id ?? undefined}>
            {[it.owner_email ?? it.owner_name, it.organization_id].filter(Boolean).join(' · ')}
          </span>
        </div>
      ),
    },
    {
      id: 'health',
      head: t('health'),
      width: 'minmax(7.5rem, 1.4fr)',
      sortable: true,
      cell: (it) => {
        const keys = keyCounts(it)
        return (
          <div className="stack-1">
            <HealthBadge account={it} />
            {keys ? <span className="small muted">{keysByState(keys, t)}</span> : null}
          </div>
        )
      },
    },
    {
      id: 'kind',
      head: t('kind'),
      width: 'minmax(0, 1.1fr)',
      cell: (it) => (
        <div className="stack-1">
          <span>{t(`kind_${it.auth_type}`)}</span>
          <span className="small muted">{words.endpoint(it.endpoint_type)}</span>
        </div>
      ),
    },
    {
      id: 'priority',
      head: t('priority'),
      width: 'minmax(6.75rem, 1fr)',
      sortable: true,
      cell: (it) => (
        <div className="row tight wrap">
          <span className="num">{it.priority}</span>
          {it.groups.map((group) => (
            <Badge key={group}>{group}</Badge>
          ))}
        </div>
      ),
    },
    {
      id: 'use',
      head: t('use'),
      width: 'minmax(8.25rem, 1fr)',
      sortable: true,
      cell: (it) => {
        const use = today.get(it.id)
        return (
          <div className="stack-1">
            <span>{t('requests', { count: use?.requests ?? 0 })}</span>
            <span className="small muted">
              {t('tokens', { n: count(use?.tokens ?? 0, i18n.language) })}
            </span>
          </div>
        )
      },
    },
    {
      id: 'expiry',
      head: t('validity'),
      width: 'minmax(0, 1.4fr)',
      sortable: true,
      cell: (it) => (
        <div className="stack-1">
          {it.subscription_expires_at ? (
            <Ago at={it.subscription_expires_at} />
          ) : (
            <span className="muted">{t('noEnd')}</span>
          )}
          {it.last_refresh_at ? (
            <span className="small muted">
              {t('refreshedAt')} <Ago at={it.last_refresh_at} />
            </span>
          ) : null}
        </div>
      ),
    },
    {
      id: 'lastUsed',
      head: t('lastUsed'),
      width: 'minmax(6rem, 0.8fr)',
      sortable: true,
      cell: (it) => <Ago at={it.last_used_at} />,
    },
    {
      id: 'actions',
      head: t('common:actions'),
      hideHead: true,
      width: '4rem',
      end: true,
      cell: (it) => <RowMenu account={it} />,
    },
  ]
  return (
    <VirtualTable
      label={t('title')}
      rows={rows}
      columns={columns}
      rowKey={(it) => it.id}
      rowHeight={64}
      sort={sort}
      onSort={onSort}
    />
  )
}

const KEY_STATES = ['cooling', 'error', 'banned', 'disabled'] as const

/** `3 of 5 active, 1 cooling, 1 banned`. */
function keysByState(keys: KeyCounts, t: TFunction<'accounts'>): string {
  const others = KEY_STATES.filter((it) => keys[it] > 0).map(
    (it) => `${keys[it]} ${t(`keyStatus_${it}`).toLowerCase()}`,
  )
  return [t('keysState', { active: keys.active, total: keys.total }), ...others].join(', ')
}

function RowMenu({ account }: { account: Account }) {
  const { t } = useTranslation('common')
  const { items } = useAccountActions(account)
  return <Menu label={t('more', { name: account.name })} items={items} />
}
