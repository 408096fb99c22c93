// The log, newest first: pages of it on demand, and its head anew while it is live.
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import type { UserError } from '../../api/errors'
import { useClient } from '../../api/hooks'
import type { RequestFilter, RequestPage } from '../../api/shapes'

const PAGE = 200
const LIVE_MS = 2000

export function useLog(filter: RequestFilter, live: boolean) {
  const client = useClient()
  const pages = useInfiniteQuery<
    RequestPage,
    UserError,
    RequestPage[],
    readonly unknown[],
    string | null
  >({
    queryKey: ['list_requests', 'pages', filter],
    queryFn: ({ signal, pageParam }) =>
      client.call(
        'list_requests',
        { ...filter, limit: PAGE, ...(pageParam === null ? {} : { before: pageParam }) },
        { signal },
      ),
    initialPageParam: null,
    getNextPageParam: (last) => last.next ?? null,
    select: (data) => data.pages,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
  })
  // The head alone is asked for again: older requests do not change.
  const head = useQuery({
    queryKey: ['list_requests', 'head', filter],
    queryFn: ({ signal }) => client.call('list_requests', { ...filter, limit: PAGE }, { signal }),
    enabled: live && pages.isSuccess,
    refetchInterval: LIVE_MS,
  })
  const rows = useMemo(() => {
    const seen = new Set<string>()
    const all = [...(head.data?.requests ?? []), ...(pages.data ?? []).flatMap((it) => it.requests)]
    return all
      .filter((it) => !seen.has(it.id) && seen.add(it.id))
      .sort((a, b) => b.started_at.localeCompare(a.started_at))
  }, [head.data, pages.data])
  return { pages, rows }
}
