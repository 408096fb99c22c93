// A key's limits and what it is bound to, in one line.
import { useTranslation } from 'react-i18next'

import type { ClientKey } from '../../api/pending'
import { count, dollars } from '../../lib/format'
import { COSTS, COUNTS } from './keyForm'

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

export function useLimitText(): (key: ClientKey) => string {
  const { t, i18n } = useTranslation('clientKeys')
  const locale = i18n.language
  return (key) => {
    const limits = key.limits ?? {}
    const parts: string[] = []
    if (key.binding) {
      const group = /^group:(.*)$/.exec(key.binding)?.[1]
      parts.push(group ? t('bindingGroup', { name: group }) : `${t('binding')} ${key.binding}`)
    }
    if (key.models && key.models.length > 0) parts.push(key.models.join(', '))
    for (const name of COUNTS) {
      const value = limits[name]
      if (value != null) parts.push(`${t(LIMIT_LABEL[name])}: ${count(value, locale)}`)
    }
    for (const name of COSTS) {
      const value = limits[name]
      if (value != null) parts.push(`${t(LIMIT_LABEL[name])}: ${dollars(value, locale)}`)
    }
    return parts.length === 0 ? t('noLimits') : parts.join(' · ')
  }
}
