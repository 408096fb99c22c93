// Keys with their masked tails, states and use.
import { useTranslation } from 'react-i18next'

import type { ApiKey } from '../../api/shapes'
import { count, millis } from '../../lib/format'
import { Badge } from '../../ui/Badge'
import { Menu } from '../../ui/Menu'
import { Ago } from '../../ui/Time'
import { type Column, VirtualTable } from '../../ui/VirtualTable'
import { KEY_TONE, keyState } from './accountState'
import type { KeyActions } from './useKeyActions'
import { useTrouble } from './useTrouble'

export function KeyTable({
  rows,
  chosen,
  onChoose,
  actions,
  onMove,
}: {
  rows: readonly ApiKey[]
  chosen: ReadonlySet<string>
  onChoose: (chosen: ReadonlySet<string>) => void
  actions: KeyActions
  onMove: (id: string) => void
}) {
  const { t, i18n } = useTranslation(['accounts', 'common'])
  const trouble = useTrouble()
  const all = rows.every((it) => chosen.has(it.id))
  const toggle = (id: string) => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    onChoose(next)
  }
  const columns: Column<ApiKey>[] = [
    {
      id: 'choose',
      head: t('choose'),
      hideHead: true,
      width: '2.5rem',
      cell: (it) => (
        <input
          type="checkbox"
          aria-label={t('selectKey', { tail: it.tail })}
          checked={chosen.has(it.id)}
          onChange={() => toggle(it.id)}
        />
      ),
    },
    {
      id: 'key',
      head: t('key'),
      width: 'minmax(0, 1fr)',
      cell: (it) => <code>{it.tail}</code>,
    },
    {
      id: 'state',
      head: t('common:status'),
      width: 'minmax(0, 2fr)',
      cell: (it) => {
        const state = keyState(it)
        const result = actions.results.get(it.id)
        return (
          <div className="stack-1">
            <span className="row tight wrap">
              <Badge tone={KEY_TONE[state]}>{t(`keyStatus_${state}`)}</Badge>
              {result ? (
                <span className={result.ok ? 'good small' : 'wrong small'}>
                  {result.ok ? '✓' : '✗'} {result.status} ·{' '}
                  {millis(result.latency_ms, i18n.language)}
                </span>
              ) : null}
            </span>
            {trouble(it).map((why) => (
              <span key={why} className="small muted">
                {why}
              </span>
            ))}
            {result && !result.ok ? <span className="small wrong">{result.message}</span> : null}
          </div>
        )
      },
    },
    {
      id: 'use',
      head: t('used'),
      width: 'minmax(0, 1.2fr)',
      cell: (it) => (
        <div className="stack-1">
          <span>{t('requests', { count: it.uses })}</span>
          <span className="small muted">
            {t('tokens', { n: count(it.tokens_used, i18n.language) })}
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
      id: 'actions',
      head: t('common:actions'),
      hideHead: true,
      width: '4rem',
      end: true,
      cell: (it) => <KeyMenu apiKey={it} actions={actions} onMove={onMove} />,
    },
  ]
  return (
    <div className="stack-2">
      <label className="row tight">
        <input
          type="checkbox"
          checked={all}
          onChange={() => onChoose(all ? new Set() : new Set(rows.map((it) => it.id)))}
        />
        <span>{t('selectAll')}</span>
      </label>
      <VirtualTable label={t('keys')} rows={rows} columns={columns} rowKey={(it) => it.id} />
    </div>
  )
}

function KeyMenu({
  apiKey,
  actions,
  onMove,
}: {
  apiKey: ApiKey
  actions: KeyActions
  onMove: (id: string) => void
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const ids = [apiKey.id]
  const item = (label: string, onSelect: () => void, danger = false) => ({
    label,
    onSelect,
    danger,
    disabledReason: actions.barred,
  })
  return (
    <Menu
      label={t('common:more', { name: apiKey.tail })}
      items={[
        item(t('testSelected'), () => void actions.test(ids)),
        apiKey.status === 'active'
          ? item(t('disable'), () => actions.setStatus(ids, 'disabled'))
          : item(t('enable'), () => actions.setStatus(ids, 'active')),
        item(t('ban'), () => actions.setStatus(ids, 'banned')),
        item(t('moveTo'), () => onMove(apiKey.id)),
        item(t('remove'), () => void actions.remove(ids), true),
      ]}
    />
  )
}
