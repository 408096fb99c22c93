// Requests by weekday and hour. It is a table; the colour only repeats its numbers.
import { useTranslation } from 'react-i18next'

import { Card } from '../../ui/Page'

const HOURS = Array.from({ length: 24 }, (_, it) => it)

export function HeatMap({ cells }: { cells: readonly (readonly number[])[] }) {
  const { t, i18n } = useTranslation('dashboard')
  const most = Math.max(1, ...cells.flat())
  const names = new Intl.DateTimeFormat(i18n.language, { weekday: 'short' })
  // 1 January 2024 was a Monday.
  const dayName = (day: number) => names.format(new Date(2024, 0, 1 + day))
  return (
    <Card title={t('heat')}>
      <div className="scroll-x" role="region" aria-label={t('heat')} tabIndex={0}>
        <table className="heat-table">
          <thead>
            <tr>
              <td />
              {HOURS.map((hour) => (
                <th key={hour} scope="col">
                  <span className={hour % 3 === 0 ? undefined : 'sr'}>{hour}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map((row, day) => (
              <tr key={day}>
                <th scope="row">{dayName(day)}</th>
                {row.map((value, hour) => (
                  <td key={hour} title={`${dayName(day)} ${hour}:00 · ${value}`}>
                    <span
                      className="heat-cell"
                      style={
                        value === 0
                          ? undefined
                          : { background: `hsl(var(--dp-heat) / ${0.2 + 0.8 * (value / most)})` }
                      }
                    >
                      <span className="sr">{value}</span>
                    </span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="small muted">{t('heatMost', { count: most })}</p>
    </Card>
  )
}
