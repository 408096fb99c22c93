// A key's limits and what it is bound to, in one line.
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import type { ClientKey } from '../../api/shapes'
import { count, dollars } from '../../lib/format'
import { COSTS, COUNTS, readBinding } from './keyForm'

export const LIMIT_LABEL = {
  concurrency: 'concurrency',
  window_seconds: 'window',
  window_requests: 'windowRequests',
  window_tokens: 'windowTokens',
  daily_tokens: 'dailyTokens',
  total_tokens: 'totalTokens',
  daily_cost: 'dailyCost',
  total_cost: 'totalCost',
} as const

/** Where the sum has its sign already. */
const COST_SHORT = { daily_cost: 'dailyCostShort', total_cost: 'totalCostShort' } as const

export function useLimitText(): (key: ClientKey) => string {
  const { t, i18n } = useTranslation('clientKeys')
  const locale = i18n.language
  const accounts = useRead('list_credentials', {})
  const accountName = (id: string) => accounts.data?.find((it) => it.id === id)?.name ?? id
  return (key) => {
    const { limits } = key
    const { to, fallback } = readBinding(key.binding)
    const parts: string[] = []
    if (to !== '') {
      const group = /^group:(.*)$/.exec(to)?.[1]
      const named =
        group === undefined
          ? t('bindingAccount', { name: accountName(to) })
          : t('bindingGroup', { name: group })
      parts.push(fallback ? `${named} (${t('fallback')})` : named)
    }
    if (key.models.length > 0) parts.push(key.models.join(', '))
    for (const name of COUNTS) {
      const value = limits[name]
      if (value != null) parts.push(`${t(LIMIT_LABEL[name])}: ${count(value, locale)}`)
    }
    for (const name of COSTS) {
      const value = limits[name]
      if (value != null) parts.push(`${t(COST_SHORT[name])}: ${dollars(value, locale)}`)
    }
    return parts.length === 0 ? t('noLimits') : parts.join(' · ')
  }
}
