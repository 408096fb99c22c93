// A word with a tone; the tone is never the only sign.
import type { ReactNode } from 'react'

import { classes } from '../lib/classes'

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'plain'

export function Badge({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={classes('badge', `tone-${tone}`)}>
      {tone === 'plain' ? null : <span className="dot" aria-hidden="true" />}
      {children}
    </span>
  )
}
