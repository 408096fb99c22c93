// An account's health in a word, with the end and the reason of a pause.
import { useTranslation } from 'react-i18next'

import type { Account } from '../../api/shapes'
import { relative } from '../../lib/format'
import { Badge } from '../../ui/Badge'
import { useNow } from '../../ui/useNow'
import { HEALTH_TONE } from './accountState'

export function HealthBadge({ account, long = false }: { account: Account; long?: boolean }) {
  const { t, i18n } = useTranslation('accounts')
  const now = useNow(5000)
  const cooling = account.cooling
  const more = cooling
    ? `${relative(cooling.until, now, i18n.language)} · ${cooling.reason}`
    : account.error
  return (
    <div className="stack-1">
      <Badge tone={HEALTH_TONE[account.health]}>{t(`health_${account.health}`)}</Badge>
      {more ? <span className={long ? 'small' : 'small muted clip'}>{more}</span> : null}
    </div>
  )
}
