// The head of a page and what hangs below it.
import { type ReactNode, useEffect, useRef } from 'react'

import { classes } from '../lib/classes'
import { hostParts } from './hostParts'

export function Page({
  title,
  intro,
  back,
  actions,
  wide,
  children,
}: {
  title: string
  intro?: ReactNode
  back?: ReactNode
  actions?: ReactNode
  /** Takes more of a large screen: rows of a table some, charts all of it. */
  wide?: 'rows' | 'charts'
  children: ReactNode
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  // A new page begins at its heading, for those who cannot see that it changed.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <div className={classes('page', 'stack-5', wide && `page-${wide}`)}>
      <header className="page-head">
        <div className="grow">
          {back}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {intro ? <p className="muted">{intro}</p> : null}
        </div>
        {actions ? <div className="row wrap">{actions}</div> : null}
      </header>
      {children}
    </div>
  )
}

export function Card({
  title,
  actions,
  children,
  className = '',
}: {
  title?: ReactNode
  actions?: ReactNode
  children: ReactNode
  className?: string
}) {
  const Outer = hostParts.Card ?? 'section'
  return (
    <Outer className={classes('card', 'stack-4', className)}>
      {title || actions ? (
        <div className="row between wrap">
          {title ? <h2>{title}</h2> : <span />}
          {actions ? <div className="row wrap">{actions}</div> : null}
        </div>
      ) : null}
      {children}
    </Outer>
  )
}

/** Names and values; what is empty is left out. */
export function Facts({ items }: { items: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {items.map(([name, value]) =>
        value === null || value === undefined || value === '' ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  )
}
