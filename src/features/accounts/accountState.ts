// What an account's state means for a list: its tone, whether a filter lets it through, its order.
import type { Account, ApiKey, Health } from '../../api/shapes'
import type { Tone } from '../../ui/Badge'

export const HEALTH_TONE: Record<Health, Tone> = {
  healthy: 'ok',
  cooling: 'warn',
  disabled: 'plain',
  needs_login: 'bad',
  error: 'bad',
  no_keys: 'bad',
  expired: 'warn',
}

/** Worst first: what a person has to look at. */
const HEALTH_ORDER: Record<Health, number> = {
  error: 0,
  needs_login: 1,
  no_keys: 2,
  expired: 3,
  cooling: 4,
  healthy: 5,
  disabled: 6,
}

export interface Filters {
  search: string
  health: string
  kind: string
  group: string
  endpoint: string
}

export const NO_FILTERS: Filters = { search: '', health: '', kind: '', group: '', endpoint: '' }
/** Stands for "in no group" among the names of groups, which cannot be it. */
export const UNGROUPED = '-'

export function matches(account: Account, filters: Filters): boolean {
  if (filters.health !== '' && account.health !== filters.health) return false
  if (filters.kind !== '' && account.auth_type !== filters.kind) return false
  if (filters.endpoint !== '' && account.endpoint_type !== filters.endpoint) return false
  if (filters.group === UNGROUPED && account.groups.length > 0) return false
  if (filters.group !== '' && filters.group !== UNGROUPED && !account.groups.includes(filters.group)) {
    return false
  }
  const needle = filters.search.trim().toLowerCase()
  if (needle === '') return true
  return [
    account.name,
    account.owner_email,
    account.owner_name,
    account.organization_id,
    account.id,
  ].some((it) => it?.toLowerCase().includes(needle))
}

export type SortBy = 'name' | 'health' | 'lastUsed' | 'use' | 'priority' | 'expiry'

export function compare(
  by: SortBy,
  requests: (id: string) => number,
): (a: Account, b: Account) => number {
  const name = (a: Account, b: Account) => a.name.localeCompare(b.name)
  switch (by) {
    case 'name':
      return name
    case 'health':
      return (a, b) => HEALTH_ORDER[a.health] - HEALTH_ORDER[b.health] || name(a, b)
    case 'lastUsed':
      return (a, b) => (a.last_used_at ?? '').localeCompare(b.last_used_at ?? '') || name(a, b)
    case 'use':
      return (a, b) => requests(a.id) - requests(b.id) || name(a, b)
    case 'expiry':
      // Without an end last.
      return (a, b) =>
        (a.subscription_expires_at ?? '~').localeCompare(b.subscription_expires_at ?? '~') ||
        name(a, b)
    case 'priority':
      return (a, b) => a.priority - b.priority || name(a, b)
  }
}

export const KEY_STATES = ['active', 'cooling', 'error', 'banned', 'disabled'] as const
export type KeyState = (typeof KEY_STATES)[number]

export function keyState(key: ApiKey): KeyState {
  return key.status === 'active' && key.cooling ? 'cooling' : key.status
}

export const KEY_TONE: Record<KeyState, Tone> = {
  active: 'ok',
  cooling: 'warn',
  disabled: 'plain',
  banned: 'bad',
  error: 'bad',
}
