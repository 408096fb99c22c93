// Short news of what was done. In the host they are the host's own notifications.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { classes } from '../lib/classes'
import { Button } from './Button'

export type News = { tone: 'ok' | 'bad' | 'info'; text: string }
export type Tell = (news: News) => void

const Context = createContext<Tell>(() => undefined)
const LASTS_MS = 6000

export function useToast(): Tell {
  return useContext(Context)
}

/** `outlet` takes the news where somebody else shows them; it answers whether it did. */
export function ToastProvider({
  outlet,
  children,
}: {
  outlet?: ((news: News) => boolean) | undefined
  children: ReactNode
}) {
  const [shown, setShown] = useState<(News & { id: number })[]>([])
  const tell = useCallback<Tell>(
    (news) => {
      if (outlet?.(news)) return
      setShown((it) => [...it.slice(-3), { ...news, id: Math.random() }])
    },
    [outlet],
  )
  const drop = useCallback((id: number) => setShown((it) => it.filter((one) => one.id !== id)), [])
  return (
    <Context.Provider value={tell}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {shown.map((it) => (
          <Toast key={it.id} news={it} onEnd={() => drop(it.id)} />
        ))}
      </div>
    </Context.Provider>
  )
}

function Toast({ news, onEnd }: { news: News; onEnd: () => void }) {
  const { t } = useTranslation('common')
  useEffect(() => {
    // What went wrong stays until it was read.
    if (news.tone === 'bad') return
    const timer = setTimeout(onEnd, LASTS_MS)
    return () => clearTimeout(timer)
    // The first onEnd is as good as the last.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  return (
    <div className={classes('toast', `tone-${news.tone}`)}>
      <span className="grow">{news.text}</span>
      <Button variant="ghost" small icon="close" iconOnly onClick={onEnd}>
        {t('close')}
      </Button>
    </div>
  )
}
