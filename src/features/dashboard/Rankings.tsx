// Who or what was used most, and how well it went.
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { count, dollars, millis, percent } from '../../lib/format'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Card } from '../../ui/Page'
import { type Column, VirtualTable } from '../../ui/VirtualTable'
import type { Figures } from './statistics'

const MOST_SHOWN = 12

interface Ranked {
  title: string
  by: 'model' | 'credential' | 'client_key'
  order?: 'requests' | 'success_rate'
  idOf: (row: Figures) => string
  nameOf: (id: string) => string
}

export function Rankings({ since }: { since: number }) {
  const { t } = useTranslation('dashboard')
  const accounts = useRead('list_credentials', {})
  const clientKeys = useRead('list_client_keys', {})
  const account = {
    by: 'credential' as const,
    idOf: (it: Figures) => it.credential_id ?? '',
    nameOf: (id: string) =>
      id === '' ? t('unknown') : (accounts.data?.find((it) => it.id === id)?.name ?? id),
  }
  const rankings: Ranked[] = [
    {
      title: t('byModel'),
      by: 'model',
      idOf: (it) => it.model ?? '',
      nameOf: (id) => id || t('unknown'),
    },
    { title: t('byAccount'), ...account },
    {
      title: t('byClientKey'),
      by: 'client_key',
      idOf: (it) => it.client_key_id ?? '',
      nameOf: (id) =>
        id === '' ? t('noClientKey') : (clientKeys.data?.find((it) => it.id === id)?.name ?? id),
    },
    { title: t('bySuccess'), ...account, order: 'success_rate' },
  ]
  return (
    <div className="rankings">
      {rankings.map((it) => (
        <Ranking key={it.title} ranked={it} since={since} />
      ))}
    </div>
  )
}

function Ranking({ ranked, since }: { ranked: Ranked; since: number }) {
  const { t, i18n } = useTranslation(['dashboard', 'common'])
  const { title, by, order = 'requests', idOf, nameOf } = ranked
  const locale = i18n.language
  const read = useRead(
    'usage_statistics',
    { since: new Date(since).toISOString(), by: [by], order, limit: MOST_SHOWN },
    { everyMs: 30_000, keep: true },
  )
  const most = Math.max(1, ...(read.data?.rows ?? []).map((it) => it.requests))
  // The bar is what the order is by.
  const bar = (it: Figures) =>
    order === 'requests' ? it.requests / most : (it.success_rate ?? 0)
  const number = (id: string, head: string, cell: (it: Figures) => string): Column<Figures> => ({
    id,
    head,
    width: 'minmax(0, 1fr)',
    end: true,
    cell: (it) => <span className="num">{cell(it)}</span>,
  })
  const columns: Column<Figures>[] = [
    {
      id: 'name',
      head: t('common:name'),
      width: 'minmax(0, 2.5fr)',
      cell: (it) => (
        <>
          <span className="rank-name">{nameOf(idOf(it))}</span>
          <div className="bar-track" aria-hidden="true">
            <div className="bar-fill" style={{ width: `${bar(it) * 100}%` }} />
          </div>
        </>
      ),
    },
    number('requests', t('requests'), (it) => count(it.requests, locale)),
    number('success', t('success'), (it) =>
      it.success_rate == null ? '–' : percent(it.success_rate, 1, locale),
    ),
    number('tokens', t('tokens'), (it) => count(it.tokens, locale)),
    number('cost', t('cost'), (it) => dollars(it.cost, locale)),
    number('latency', t('meanLatency'), (it) =>
      it.latency_ms == null ? '–' : millis(it.latency_ms, locale),
    ),
  ]
  return (
    <Card title={title} className="rank">
      <Loaded read={read}>
        {({ rows, more }) =>
          rows.length === 0 ? (
            <EmptyState title={t('nothing')} />
          ) : (
            <>
              <VirtualTable label={title} rows={rows} columns={columns} rowKey={idOf} />
              {more ? <p className="small muted">{t('firstOnly', { count: MOST_SHOWN })}</p> : null}
            </>
          )
        }
      </Loaded>
    </Card>
  )
}
