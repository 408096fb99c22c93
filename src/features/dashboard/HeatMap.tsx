// Use by weekday and hour. It is a table; the colour only repeats its numbers.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useReads } from '../../api/hooks'
import { count, dollars } from '../../lib/format'
import { Button } from '../../ui/Button'
import { ChoiceField } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { Card } from '../../ui/Page'
import { byWeek, DAY_MS, offsetAt, type Span, startOf, zoneName, zoneParts } from './statistics'

const HOURS = Array.from({ length: 24 }, (_, it) => it)
const MEASURES = ['requests', 'tokens', 'cost'] as const
type Measure = (typeof MEASURES)[number]
/** Fewer days would leave most of a week empty, or show one day as if it were all. */
const FEWEST_DAYS = 28

export function HeatMap({ span }: { span: Span }) {
  const { t } = useTranslation(['dashboard', 'common'])
  const [measure, setMeasure] = useState<Measure>('requests')
  const [numbers, setNumbers] = useState(false)
  const earliest = span.until - FEWEST_DAYS * DAY_MS
  const since = Math.min(span.since, startOf(earliest, 'day', offsetAt(earliest)))
  const days = Math.round((span.until - since) / DAY_MS)
  // An hour is the one that clocks showed then.
  const parts = zoneParts(since, span.until)
  const read = useReads(
    'week_statistics',
    parts.map((it) => ({
      since: new Date(it.since).toISOString(),
      ...(it.until === null ? {} : { until: new Date(it.until).toISOString() }),
      offset_minutes: it.offset,
    })),
    { everyMs: 60_000 },
  )
  const zone = parts.map((it) => zoneName(it.offset)).join(' → ')
  return (
    <Card
      title={t('heat')}
      actions={
        <>
          <ChoiceField
            label={t('measure')}
            hideLabel
            value={measure}
            onChoose={setMeasure}
            options={MEASURES.map((it) => ({ value: it, label: t(it) }))}
          />
          <Button
            small
            variant="ghost"
            aria-pressed={numbers}
            onClick={() => setNumbers((it) => !it)}
          >
            {numbers ? t('common:chart') : t('common:table')}
            <span className="sr"> {t('heat')}</span>
          </Button>
        </>
      }
    >
      <Loaded read={read}>
        {(all) => (
          <Cells
            cells={byWeek(
              all.flatMap((it) => it.hours),
              (it) => it[measure],
            )}
            measure={measure}
            numbers={numbers}
            note={t('heatNote', { count: days, zone })}
          />
        )}
      </Loaded>
    </Card>
  )
}

function Cells({
  cells,
  measure,
  numbers,
  note,
}: {
  cells: readonly (readonly number[])[]
  measure: Measure
  numbers: boolean
  note: string
}) {
  const { t, i18n } = useTranslation('dashboard')
  const locale = i18n.language
  const format = (it: number) => (measure === 'cost' ? dollars(it, locale) : count(it, locale))
  const most = Math.max(...cells.flat())
  const names = new Intl.DateTimeFormat(locale, { weekday: 'short' })
  // 1 January 2024 was a Monday.
  const dayName = (day: number) => names.format(new Date(2024, 0, 1 + day))
  return (
    <>
      <div className="scroll-x" role="region" aria-label={t('heat')} tabIndex={0}>
        <table className={numbers ? 'heat-table heat-numbers' : 'heat-table'}>
          <thead>
            <tr>
              <td />
              {HOURS.map((hour) => (
                <th key={hour} scope="col">
                  <span className={numbers || hour % 3 === 0 ? undefined : 'sr'}>{hour}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map((row, day) => (
              <tr key={day}>
                <th scope="row">{dayName(day)}</th>
                {row.map((value, hour) => (
                  <td key={hour} title={`${dayName(day)} ${hour}:00 · ${format(value)}`}>
                    {numbers ? (
                      <span className="num">{format(value)}</span>
                    ) : (
                      <span
                        className="heat-cell"
                        style={
                          value === 0
                            ? undefined
                            : { background: `hsl(var(--dp-heat) / ${0.2 + 0.8 * (value / most)})` }
                        }
                      >
                        <span className="sr">{format(value)}</span>
                      </span>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="small muted">
        {note} {t('heatMost', { most: format(most) })}
      </p>
    </>
  )
}
