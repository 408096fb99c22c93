// The recent credential faults of an account, and how many of them would stop it.
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { Ago } from '../../ui/Time'

export function StrikesFact({ strikes }: { strikes: readonly string[] }) {
  const { t } = useTranslation('accounts')
  const config = useRead('get_config', {})
  const limit = config.data?.config.scheduling
  return (
    <div className="stack-1">
      <span>
        {limit
          ? t('strikesOf', { n: strikes.length, most: limit.strikes })
          : t('strikes', { count: strikes.length })}
        {' · '}
        <Ago at={strikes.at(-1)} />
      </span>
      {limit ? (
        <span className="small muted">
          {t('strikesCount', { minutes: Math.ceil(limit.strike_window_seconds / 60) })}
        </span>
      ) : null}
    </div>
  )
}
