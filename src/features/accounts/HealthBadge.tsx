// An account's health in a word, with what troubles it.
import { useTranslation } from 'react-i18next'

import type { Account } from '../../api/shapes'
import { Badge } from '../../ui/Badge'
import { HEALTH_TONE } from './accountState'
import { useTrouble } from './useTrouble'

export function HealthBadge({ account, long = false }: { account: Account; long?: boolean }) {
  const { t } = useTranslation('accounts')
  const trouble = useTrouble()
  return (
    <div className="stack-1">
      <Badge tone={HEALTH_TONE[account.health]}>{t(`health_${account.health}`)}</Badge>
      {trouble(account).map((it) => (
        <span key={it} className={long ? 'small' : 'small muted clip'} title={long ? undefined : it}>
          {it}
        </span>
      ))}
    </div>
  )
}
