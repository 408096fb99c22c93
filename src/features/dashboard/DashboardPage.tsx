// What went through, how much it cost, how well it went.
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { ChoiceField } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { EmptyState, Notice } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { Link } from '../../ui/router'
import { useNow } from '../../ui/useNow'
import { HeatMap } from './HeatMap'
import { OverTime } from './OverTime'
import { Rankings } from './Rankings'
import {
  DAY_MS,
  offsetAt,
  type Span,
  startOf,
  type Step,
  zoneName,
  zoneParts,
} from './statistics'
import { Tiles } from './Tiles'

const RANGES = [
  { id: 'day', days: 1, step: 'hour' },
  { id: 'week', days: 7, step: 'hour' },
  { id: 'month', days: 30, step: 'day' },
  { id: 'quarter', days: 90, step: 'day' },
] as const
type RangeId = (typeof RANGES)[number]['id']
const STEPS = ['hour', 'day'] as const satisfies readonly Step[]

/** How often figures are asked for again. */
const EVERY_MS = 15_000

export function DashboardPage() {
  const { t } = useTranslation('dashboard')
  const [rangeId, setRange] = useState<RangeId>('day')
  const range = rangeOf(rangeId)
  const [step, setStep] = useState<Step>(range.step)
  const now = useNow(60_000)
  const offset = offsetAt(now)
  // Whole hours or days: a new one is another question to the program.
  const span = useMemo<Span>(
    () => ({ since: startOf(now - range.days * DAY_MS, step, offset), until: now, step, offset }),
    [now, range.days, step, offset],
  )
  const read = useRead(
    'usage_statistics',
    {
      since: new Date(span.since).toISOString(),
      by: [step],
      offset_minutes: offset,
      limit: 10_000,
    },
    { everyMs: EVERY_MS, keep: true },
  )
  // Hours of the last answer laid along the days of the next one would be zeros that never were.
  const [answered, setAnswered] = useState(span)
  if (read.data && !read.isPlaceholderData && answered !== span) setAnswered(span)
  return (
    <Page
      wide="charts"
      title={t('title')}
      actions={
        <>
          <ChoiceField
            label={t('range')}
            hideLabel
            value={rangeId}
            onChoose={(id) => {
              setRange(id)
              setStep(rangeOf(id).step)
            }}
            options={RANGES.map((it) => ({ value: it.id, label: t(`range_${it.id}`) }))}
          />
          <ChoiceField
            label={t('step')}
            hideLabel
            value={step}
            onChoose={setStep}
            options={STEPS.map((it) => ({ value: it, label: t(`step_${it}`) }))}
          />
        </>
      }
    >
      <Standing />
      <Loaded read={read} lines={8}>
        {({ total, rows }) => (
          <div className="stack-5">
            <Tiles total={total} since={span.since} />
            {total.requests === 0 ? (
              <EmptyState title={t('nothing')}>{t('nothingBody')}</EmptyState>
            ) : (
              <>
                {step === 'day' && zoneParts(span.since, now).length > 1 ? (
                  <p className="small muted">{t('clocksChanged', { zone: zoneName(offset) })}</p>
                ) : null}
                <OverTime total={total} rows={rows} span={answered} />
                <HeatMap span={span} />
                <Rankings since={span.since} />
              </>
            )}
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function rangeOf(id: RangeId) {
  return RANGES.find((it) => it.id === id) ?? RANGES[0]
}

/** What needs a person, before any number. */
function Standing() {
  const { t } = useTranslation('dashboard')
  const status = useRead('gateway_status', {}, { everyMs: EVERY_MS })
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
