// What a read has come to, as one of four states, and how each looks.
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { unreachable } from '../lib/invariant'
import { Button } from './Button'
import { Notice, Skeleton } from './Notice'

/** The part of a query that is read here. */
export interface Read<T> {
  data: T | undefined
  error: (Error & { hint?: string | null }) | null
  refetch: () => unknown
  isFetching: boolean
  fetchStatus: 'fetching' | 'paused' | 'idle'
}

export type ServerState<T> =
  | { state: 'loading' }
  | { state: 'offline' }
  | { state: 'failed'; error: Error & { hint?: string | null } }
  /** `failed`: the last look failed, what is shown is older. */
  | { state: 'ready'; data: T; failed: Error | null }

export function serverState<T>(read: Read<T>): ServerState<T> {
  if (read.data !== undefined) return { state: 'ready', data: read.data, failed: read.error }
  if (read.error) return { state: 'failed', error: read.error }
  return read.fetchStatus === 'paused' ? { state: 'offline' } : { state: 'loading' }
}

export function Loaded<T>({
  read,
  lines = 4,
  children,
}: {
  read: Read<T>
  lines?: number
  children: (data: T) => ReactNode
}) {
  const { t } = useTranslation('common')
  const again = (
    <Button small icon="refresh" busy={read.isFetching} onClick={() => void read.refetch()}>
      {t('tryAgain')}
    </Button>
  )
  const it = serverState(read)
  switch (it.state) {
    case 'loading':
      return <Skeleton lines={lines} label={t('loading')} />
    case 'offline':
      return <Notice tone="warn" title={t('offline')} action={again} />
    case 'failed':
      return (
        <Notice tone="bad" title={t('loadFailed')} action={again}>
          {it.error.message}
          {it.error.hint ? <p className="muted">{it.error.hint}</p> : null}
        </Notice>
      )
    case 'ready':
      return (
        <>
          {it.failed ? (
            <Notice tone="warn" title={t('outdated')} action={again}>
              {it.failed.message}
            </Notice>
          ) : null}
          {children(it.data)}
        </>
      )
    default:
      return unreachable(it)
  }
}
