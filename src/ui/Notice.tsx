// Something to know, or what went wrong.
import type { ReactNode } from 'react'

import { classes } from '../lib/classes'
import { Icon } from './Icon'

export function Notice({
  tone = 'info',
  title,
  children,
  action,
}: {
  tone?: 'info' | 'warn' | 'bad' | 'ok'
  title?: ReactNode
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className={classes('notice', `tone-${tone}`)} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={tone === 'info' ? 'info' : tone === 'ok' ? 'check' : 'warning'} />
      <div className="grow stack-1">
        {title ? <strong>{title}</strong> : null}
        {children ? <div>{children}</div> : null}
      </div>
      {action}
    </div>
  )
}

/** What a call failed with, and what can be done about it. */
export function Failure({
  title,
  error,
}: {
  title: string
  error: Error & { hint?: string | null }
}) {
  return (
    <Notice tone="bad" title={title}>
      {error.message}
      {error.hint ? <p className="muted">{error.hint}</p> : null}
    </Notice>
  )
}

/** A page or list with nothing on it, and what to do about that. */
export function EmptyState({
  title,
  children,
  action,
}: {
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="empty">
      <p className="strong">{title}</p>
      {children ? <p className="muted">{children}</p> : null}
      {action}
    </div>
  )
}

/** The shape of what is coming. */
export function Skeleton({ lines = 3, label }: { lines?: number; label: string }) {
  return (
    <div className="stack-2" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} className="skeleton" aria-hidden="true" />
      ))}
    </div>
  )
}
