// A moment: how long ago, with the whole date behind it.
import { useTranslation } from 'react-i18next'

import { countdown, moment, relative } from '../lib/format'
import { useNow } from './useNow'

export function Ago({ at }: { at: string | null | undefined }) {
  const { i18n } = useTranslation()
  const now = useNow(30_000)
  if (!at) return <span className="muted">–</span>
  return (
    <time dateTime={at} title={moment(at, i18n.language)}>
      {relative(at, now, i18n.language)}
    </time>
  )
}

export function When({ at }: { at: string | null | undefined }) {
  const { i18n } = useTranslation()
  if (!at) return <span className="muted">–</span>
  return <time dateTime={at}>{moment(at, i18n.language)}</time>
}

export function Countdown({ until }: { until: number }) {
  const now = useNow(1000)
  return <span className="num">{countdown(until, now)}</span>
}
