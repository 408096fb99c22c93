// The whole time span in six numbers.
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { count, dollars, exact, millis, percent } from '../../lib/format'
import { failedOf, type Figures } from './statistics'
import { type Percentiles, useWaits } from './useWaits'

export function Tiles({ total, since }: { total: Figures; since: number }) {
  const { t, i18n } = useTranslation('dashboard')
  const locale = i18n.language
  const all = useWaits(since, 'whole', 0).data?.rows[0]
  const waited = (it: Percentiles | undefined) =>
    it && it.requests > 0
      ? { value: millis(it.p50_ms, locale), more: t('upTo', { p95: millis(it.p95_ms, locale) }) }
      : { value: '–', more: null }
  return (
    <div className="tiles">
      <Tile
        name={t('requests')}
        value={count(total.requests, locale)}
        more={t('failedMore', { n: exact(failedOf(total), locale) })}
      />
      <Tile
        name={t('success')}
        value={percent(total.success_rate ?? 0, total.success_rate == null ? 0 : 1, locale)}
        more={t('leftMore', { n: exact(total.client_closed, locale) })}
      />
      <Tile
        name={t('tokens')}
        value={count(total.tokens, locale)}
        more={t('cachedMore', {
          share: percent(total.cache_read_tokens, total.tokens, locale),
        })}
      />
      <Tile
        name={t('cost')}
        value={dollars(total.cost, locale)}
        more={
          total.requests === 0
            ? null
            : t('eachMore', { cost: dollars(total.cost / total.requests, locale) })
        }
      />
      <Tile name={t('latency')} {...waited(all?.latency)} />
      <Tile name={t('first')} {...waited(all?.first_token)} />
    </div>
  )
}

function Tile({ name, value, more }: { name: string; value: string; more: ReactNode }) {
  return (
    <div className="card tile">
      <div className="muted small">{name}</div>
      <div className="tile-value">{value}</div>
      {more ? <div className="muted small">{more}</div> : null}
    </div>
  )
}
