// What went through, how much it cost, how well it went.
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { count, dollars, millis, percent } from '../../lib/format'
import { SelectField } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { EmptyState, Notice } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { Link } from '../../ui/router'
import { useNow } from '../../ui/useNow'
import { HeatMap } from './HeatMap'
import { LineChart } from './LineChart'
import { Ranking } from './Ranking'
import {
  by,
  firstOf,
  heat,
  latencyOf,
  type Named,
  overTime,
  type Step,
  tokensOf,
  total,
  type UsageRow,
} from './usageModel'

const RANGES = [
  { id: 'day', hours: 24, step: 'hour' },
  { id: 'week', hours: 24 * 7, step: 'hour' },
  { id: 'month', hours: 24 * 30, step: 'day' },
  { id: 'quarter', hours: 24 * 90, step: 'day' },
] as const
type RangeId = (typeof RANGES)[number]['id']

export function DashboardPage() {
  const { t } = useTranslation('dashboard')
  const [rangeId, setRange] = useState<RangeId>('day')
  const range = RANGES.find((it) => it.id === rangeId) ?? RANGES[0]
  // Moves on with the clock, by the minute: a new span is another question to the program.
  const until = Math.floor(useNow(60_000) / 60_000) * 60_000
  const since = until - range.hours * 3_600_000
  const read = useRead(
    'get_usage',
    { since: new Date(since).toISOString() },
    { everyMs: 15_000, keep: true },
  )
  return (
    <Page
      wide
      title={t('title')}
      actions={
        <SelectField
          label={t('range')}
          hideLabel
          value={rangeId}
          onChange={(event) => setRange(event.target.value as RangeId)}
          options={RANGES.map((it) => ({ value: it.id, label: t(`range_${it.id}`) }))}
        />
      }
    >
      <Standing />
      <Loaded read={read} lines={8}>
        {({ rows }) => (
          <Charts rows={rows} step={range.step} since={new Date(since)} until={new Date(until)} />
        )}
      </Loaded>
    </Page>
  )
}

/** What needs a person, before any number. */
function Standing() {
  const { t } = useTranslation('dashboard')
  const status = useRead('gateway_status', {}, { everyMs: 15_000 })
  const accounts = status.data?.accounts
  if (!accounts) return null
  if (accounts.total === 0) {
    return (
      <Notice tone="info" title={t('noAccounts')} action={<Link to="/accounts/new">{t('addOne')}</Link>} />
    )
  }
  if (accounts.error === 0 && accounts.active > 0) return null
  return (
    <Notice
      tone={accounts.active === 0 ? 'bad' : 'warn'}
      title={
        accounts.active === 0 ? t('noneActive') : t('someBroken', { count: accounts.error })
      }
      action={<Link to="/accounts">{t('look')}</Link>}
    />
  )
}

function Charts({
  rows,
  step,
  since,
  until,
}: {
  rows: readonly UsageRow[]
  step: Step
  since: Date
  until: Date
}) {
  const { t, i18n } = useTranslation('dashboard')
  const locale = i18n.language
  const accounts = useRead('list_credentials', {})
  const clientKeys = useRead('list_client_keys', {})
  const sum = useMemo(() => total(rows), [rows])
  const from = since.getTime()
  const to = until.getTime()
  const buckets = useMemo(
    () => overTime(rows, step, new Date(from), new Date(to)),
    [rows, step, from, to],
  )
  const accountName = (id: string) =>
    id === '' ? t('unknown') : (accounts.data?.find((it) => it.id === id)?.name ?? id)
  const keyName = (id: string) =>
    id === '' ? t('noClientKey') : (clientKeys.data?.find((it) => it.id === id)?.name ?? id)
  const timeLabel = (at: Date) =>
    new Intl.DateTimeFormat(
      locale,
      step === 'hour'
        ? { weekday: 'short', hour: '2-digit', minute: '2-digit' }
        : { month: 'short', day: 'numeric' },
    ).format(at)
  const times = buckets.map((it) => it.at)
  const whole = (it: number) => count(it, locale)
  const time = (it: number) => millis(it, locale)
  const first = firstOf(sum)
  const byAccount = by(rows, (it) => it.credential_id)
  const ranked = byAccount.filter((it) => it.sum.requests > 0).sort(bySuccess)
  return (
    <div className="stack-5">
      <div className="tiles">
        <Tile name={t('requests')} value={whole(sum.requests)} />
        <Tile name={t('success')} value={percent(sum.requests - sum.failed, sum.requests, locale)} />
        <Tile name={t('tokens')} value={whole(tokensOf(sum))} />
        <Tile name={t('cost')} value={dollars(sum.cost, locale)} />
        <Tile name={t('latency')} value={sum.requests === 0 ? '–' : time(latencyOf(sum))} />
        <Tile name={t('first')} value={first === null ? '–' : time(first)} />
      </div>
      {sum.requests === 0 ? (
        <EmptyState title={t('nothing')}>{t('nothingBody')}</EmptyState>
      ) : (
        <>
          <div className="charts">
            <LineChart
              title={t('requests')}
              times={times}
              timeLabel={timeLabel}
              format={whole}
              series={[
                { name: t('all'), values: buckets.map((it) => it.sum.requests) },
                { name: t('failed'), values: buckets.map((it) => it.sum.failed) },
              ]}
            />
            <LineChart
              title={t('tokens')}
              times={times}
              timeLabel={timeLabel}
              format={whole}
              series={[
                { name: t('input'), values: buckets.map((it) => it.sum.input) },
                { name: t('output'), values: buckets.map((it) => it.sum.output) },
                { name: t('cacheRead'), values: buckets.map((it) => it.sum.cacheRead) },
                { name: t('cacheWrite'), values: buckets.map((it) => it.sum.cacheWrite) },
              ]}
            />
            <LineChart
              title={t('cost')}
              times={times}
              timeLabel={timeLabel}
              format={(it) => dollars(it, locale)}
              series={[{ name: t('cost'), values: buckets.map((it) => it.sum.cost) }]}
            />
            <LineChart
              title={t('latency')}
              times={times}
              timeLabel={timeLabel}
              format={time}
              series={[
                {
                  name: t('latency'),
                  values: buckets.map((it) => (it.sum.requests === 0 ? null : latencyOf(it.sum))),
                },
                { name: t('first'), values: buckets.map((it) => firstOf(it.sum)) },
              ]}
            />
          </div>
          <HeatMap cells={heat(rows)} />
          <div className="rankings">
            <Ranking title={t('byModel')} rows={by(rows, (it) => it.model)} nameOf={(it) => it || t('unknown')} />
            <Ranking title={t('byAccount')} rows={byAccount} nameOf={accountName} />
            <Ranking title={t('byClientKey')} rows={by(rows, (it) => it.client_key_id)} nameOf={keyName} />
            <Ranking title={t('bySuccess')} rows={ranked} nameOf={accountName} />
          </div>
        </>
      )}
    </div>
  )
}

/** Best first; among equals the one with more behind it. */
function bySuccess(a: Named, b: Named): number {
  const share = (it: Named) => (it.sum.requests - it.sum.failed) / it.sum.requests
  return share(b) - share(a) || b.sum.requests - a.sum.requests
}

function Tile({ name, value }: { name: string; value: string }) {
  return (
    <div className="card tile">
      <div className="muted small">{name}</div>
      <div className="tile-value">{value}</div>
    </div>
  )
}
