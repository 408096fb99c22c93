// Two parts of the log as one, newest first.
import type { LoggedRequest } from '../../api/shapes'

export function idsOf(rows: readonly LoggedRequest[]): ReadonlySet<string> {
  return new Set(rows.map((it) => it.id))
}

/**
 * `fresh` among `known`, both newest first. A request is logged when it ends: one that took long
 * belongs below others that are known already.
 */
export function merged(
  fresh: readonly LoggedRequest[],
  known: readonly LoggedRequest[],
): LoggedRequest[] {
  const all: LoggedRequest[] = []
  let at = 0
  for (const it of fresh) {
    for (; at < known.length; at += 1) {
      const other = known[at]
      if (other === undefined || other.started_at < it.started_at) break
      all.push(other)
    }
    all.push(it)
  }
  return all.concat(known.slice(at))
}
