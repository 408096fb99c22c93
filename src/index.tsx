// What ProxyCast loads: a component, and no effect of loading it.
import { useMemo } from 'react'

import { App } from './app/App'
import { HostApp } from './app/HostApp'
import { hostPrefs } from './app/prefs'
import './styles.css'
import type { News } from './ui/toast'

const TONE = { ok: 'success', bad: 'error', info: 'info' } as const

export default function DroidProvider({ sdk }: { sdk?: HostSdk; pluginId?: string }) {
  const given = useMemo<HostSdk>(() => sdk ?? {}, [sdk])
  const prefs = useMemo(() => hostPrefs(given), [given])
  const outlet = useMemo(
    () => (news: News) => {
      const show = given.notification?.[TONE[news.tone]]
      if (!show) return false
      try {
        const shown: unknown = show.call(given.notification, news.text)
        // Some hosts answer a promise; nobody else would hear it fail.
        if (shown instanceof Promise) shown.catch(() => undefined)
        return true
      } catch {
        return false
      }
    },
    [given],
  )
  return (
    <App prefs={prefs} outlet={outlet}>
      <HostApp sdk={given} />
    </App>
  )
}
