// Six figures by the hour or the day.
import { useTranslation } from 'react-i18next'

import { count, dollars, millis, percent } from '../../lib/format'
import { Loaded } from '../../ui/Loaded'
import { LineChart } from './LineChart'
import { along, failedOf, type Figures, type Span, startsOf } from './statistics'
import { type Percentiles, useWaits } from './useWaits'

const WAITS = ['latency', 'first_token'] as const
const SHARES = ['p50_ms', 'p95_ms', 'p99_ms'] as const

export function OverTime({
  total,
  rows,
  span,
}: {
  total: Figures
  rows: readonly Figures[]
  span: Span
}) {
  const { t, i18n } = useTranslation('dashboard')
  const locale = i18n.language
  const { since, until, step, offset } = span
  const waits = useWaits(since, step, offset)
  const starts = startsOf(since, until, step, offset)
  const whole = (it: number) => count(it, locale)
  const money = (it: number) => dollars(it, locale)
  const share = (it: number) => percent(it, 1, locale)
  const time = (it: number) => millis(it, locale)
  const date = { month: 'short', day: 'numeric' } as const
  // A day is named by its date where it began, whatever the clocks did since.
  const label =
    step === 'hour'
      ? new Intl.DateTimeFormat(locale, { ...date, hour: '2-digit', minute: '2-digit' })
      : new Intl.DateTimeFormat(locale, { ...date, timeZone: 'UTC' })
  const shift = step === 'hour' ? 0 : offset * 60_000
  const shared = { times: starts, timeLabel: (at: number) => label.format(at + shift) }
  const counted = (name: string, read: (it: Figures) => number, format: (it: number) => string) => ({
    name,
    values: along(starts, rows, read, 0),
    whole: format(read(total)),
  })
  return (
    <div className="charts">
      <LineChart
        {...shared}
        title={t('requests')}
        format={whole}
        series={[
          { ...counted(t('all'), (it) => it.requests, whole), colour: '--dp-series-2' },
          { ...counted(t('failed'), failedOf, whole), colour: '--dp-bad' },
        ]}
      />
      <LineChart
        {...shared}
        title={t('success')}
        format={share}
        ceiling={1}
        series={[
          {
            name: t('success'),
            values: along<Figures, number | null>(starts, rows, (it) => it.success_rate ?? null, null),
            whole: total.success_rate == null ? '–' : share(total.success_rate),
          },
        ]}
      />
      <LineChart
        {...shared}
        title={t('tokens')}
        format={whole}
        series={[
          counted(t('input'), (it) => it.input_tokens, whole),
          counted(t('output'), (it) => it.output_tokens, whole),
          counted(t('cacheRead'), (it) => it.cache_read_tokens, whole),
          counted(t('cacheWrite'), (it) => it.cache_write_5m_tokens + it.cache_write_1h_tokens, whole),
        ]}
      />
      <LineChart
        {...shared}
        title={t('cost')}
        format={money}
        series={[counted(t('cost'), (it) => it.cost, money)]}
      />
      {WAITS.map((which) => (
        <Loaded key={which} read={waits}>
          {({ rows: waited, complete }) => (
            <LineChart
              {...shared}
              title={t(which === 'latency' ? 'latency' : 'first')}
              format={time}
              note={complete ? undefined : t('newestOnly')}
              series={SHARES.map((one) => ({
                name: t(one),
                values: along(starts, waited, (it) => measured(it[which], one), null),
              }))}
            />
          )}
        </Loaded>
      ))}
    </div>
  )
}

function measured(it: Percentiles, which: (typeof SHARES)[number]): number | null {
  return it.requests === 0 ? null : it[which]
}
