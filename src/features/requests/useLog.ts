// The log, newest first: pages of it on demand, and what is new while it is live.
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'

import type { UserError } from '../../api/errors'
import { useClient } from '../../api/hooks'
import type { LoggedRequest, RequestFilter, RequestPage } from '../../api/shapes'
import { idsOf, merged } from './logModel'

const FIRST_PAGE = 200
/** As many as the program gives at once: somebody who scrolls wants them all. */
const LATER_PAGE = 1000
const LIVE_MS = 2000
/** More new requests than this since the last look, and the log is read anew. */
const MOST_NEW = 2000

export function useLog(filter: RequestFilter, live: boolean) {
  const client = useClient()
  const queries = useQueryClient()
  const pagesKey = ['list_requests', 'pages', filter]
  const freshKey = ['list_requests', 'fresh', filter]
  const pages = useInfiniteQuery<
    RequestPage,
    UserError,
    RequestPage[],
    readonly unknown[],
    string | null
  >({
    queryKey: pagesKey,
    queryFn: ({ signal, pageParam }) =>
      client.call(
        'list_requests',
        pageParam === null
          ? { ...filter, limit: FIRST_PAGE }
          : { ...filter, limit: LATER_PAGE, before: pageParam },
        { signal },
      ),
    initialPageParam: null,
    getNextPageParam: (last) => last.next ?? null,
    select: (data) => data.pages,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    // A hundred thousand rows are not compared one by one: pages never change.
    structuralSharing: false,
  })
  const older = useMemo(() => (pages.data ?? []).flatMap((it) => it.requests), [pages.data])
  const known = useMemo(() => idsOf(older), [older])
  // Only the head is asked for again. It is read until something known comes, so that no request
  // between two looks is missing.
  const fresh = useQuery<LoggedRequest[], UserError>({
    queryKey: freshKey,
    queryFn: async ({ signal }) => {
      const before = queries.getQueryData<LoggedRequest[]>(freshKey) ?? []
      const seen = idsOf(before)
      const isNew = (it: LoggedRequest) => !known.has(it.id) && !seen.has(it.id)
      const found: LoggedRequest[] = []
      let next: string | null | undefined = null
      do {
        const page: RequestPage = await client.call(
          'list_requests',
          { ...filter, limit: FIRST_PAGE, ...(next === null ? {} : { before: next }) },
          { signal },
        )
        const here = page.requests.filter(isNew)
        found.push(...here)
        next = here.length === page.requests.length ? page.next : undefined
      } while (next && found.length < MOST_NEW)
      if (next) {
        void queries.resetQueries({ queryKey: pagesKey })
        return []
      }
      return found.length === 0 ? before : merged(found, before)
    },
    enabled: live && pages.isSuccess && !pages.isPlaceholderData,
    refetchInterval: LIVE_MS,
    staleTime: 0,
    structuralSharing: false,
  })
  const rows = useMemo(
    () => merged((fresh.data ?? []).filter((it) => !known.has(it.id)), older),
    [fresh.data, older, known],
  )
  return { pages, rows }
}
