// A word with a tone; the tone is never the only sign.
import type { ReactNode } from 'react'

import { classes } from '../lib/classes'
import { hostParts } from './hostParts'

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'plain'

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  const inside = (
    <>
      {tone === 'plain' ? null : <span className="dot" aria-hidden="true" />}
      {children}
    </>
  )
  const className = classes('badge', `tone-${tone}`)
  const HostBadge = hostParts.Badge
  return HostBadge ? (
    <HostBadge variant="outline" className={className}>
      {inside}
    </HostBadge>
  ) : (
    <span className={className}>{inside}</span>
  )
}
