// Who or what was used most, and how well it went.
import { useTranslation } from 'react-i18next'

import { count, dollars, millis, percent } from '../../lib/format'
import { EmptyState } from '../../ui/Notice'
import { Card } from '../../ui/Page'
import { latencyOf, type Named, tokensOf } from './usageModel'

const MOST_SHOWN = 12

export function Ranking({
  title,
  rows,
  nameOf,
}: {
  title: string
  rows: readonly Named[]
  nameOf: (id: string) => string
}) {
  const { t, i18n } = useTranslation(['dashboard', 'common'])
  const locale = i18n.language
  const most = Math.max(1, ...rows.map((it) => it.sum.requests))
  return (
    <Card title={title}>
      {rows.length === 0 ? (
        <EmptyState title={t('nothing')} />
      ) : (
        <div className="scroll-x" role="region" aria-label={title} tabIndex={0}>
          <table className="table rank">
            <thead>
              <tr>
                <th scope="col">{t('common:name')}</th>
                <th scope="col" className="end">
                  {t('requests')}
                </th>
                <th scope="col" className="end">
                  {t('success')}
                </th>
                <th scope="col" className="end">
                  {t('tokens')}
                </th>
                <th scope="col" className="end">
                  {t('cost')}
                </th>
                <th scope="col" className="end">
                  {t('latency')}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, MOST_SHOWN).map(({ id, sum }) => (
                <tr key={id}>
                  <th scope="row">
                    <span className="rank-name">{nameOf(id)}</span>
                    <div className="bar-track" aria-hidden="true">
                      <div
                        className="bar-fill"
                        style={{ width: `${(sum.requests / most) * 100}%` }}
                      />
                    </div>
                  </th>
                  <td className="num end">{count(sum.requests, locale)}</td>
                  <td className="num end">
                    {percent(sum.requests - sum.failed, sum.requests, locale)}
                  </td>
                  <td className="num end">{count(tokensOf(sum), locale)}</td>
                  <td className="num end">{dollars(sum.cost, locale)}</td>
                  <td className="num end">{millis(latencyOf(sum), locale)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}
