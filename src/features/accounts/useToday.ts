// What each account was used for since midnight of the reader.
import { useMemo } from 'react'

import { useRead } from '../../api/hooks'
import { useNow } from '../../ui/useNow'

export interface Today {
  requests: number
  tokens: number
}

const NONE: ReadonlyMap<string, Today> = new Map()

export function useTodayByAccount(): ReadonlyMap<string, Today> {
  const since = useMidnight()
  const read = useRead('get_usage', { since }, { everyMs: 30_000, keep: true })
  return useMemo(() => {
    if (!read.data) return NONE
    const sums = new Map<string, Today>()
    for (const row of read.data.rows) {
      if (!row.credential_id) continue
      const sum = sums.get(row.credential_id) ?? { requests: 0, tokens: 0 }
      sum.requests += row.requests
      sum.tokens += row.input_tokens + row.output_tokens + row.cache_read_tokens
      sums.set(row.credential_id, sum)
    }
    return sums
  }, [read.data])
}

function useMidnight(): string {
  const day = new Date(useNow(60_000))
  day.setHours(0, 0, 0, 0)
  return day.toISOString()
}
