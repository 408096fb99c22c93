// Where in the app a person is. The browser's address in the standalone build; memory in the host,
// whose address is not ours to change.
import {
  createContext,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
} from 'react'

import { classes } from '../lib/classes'

export interface Router {
  /** `/accounts/123?tab=keys` without its origin. */
  path: string
  query: URLSearchParams
  go: (to: string, options?: { replace?: boolean }) => void
  /** Whether addresses can be shown, copied and opened in a new tab. */
  addressable: boolean
}

const Context = createContext<Router | null>(null)

export function useRouter(): Router {
  const router = useContext(Context)
  if (!router) throw new Error('no router above this component')
  return router
}

function split(to: string): { path: string; query: URLSearchParams } {
  const mark = to.indexOf('?')
  const path = mark < 0 ? to : to.slice(0, mark)
  return { path, query: new URLSearchParams(mark < 0 ? '' : to.slice(mark + 1)) }
}

export function MemoryRouter({ start, children }: { start: string; children: ReactNode }) {
  const [at, setAt] = useState(start)
  const router = useMemo<Router>(
    () => ({ ...split(at), go: (to) => setAt(to), addressable: false }),
    [at],
  )
  return <Context.Provider value={router}>{children}</Context.Provider>
}

export function BrowserRouter({ children }: { children: ReactNode }) {
  const read = () => window.location.pathname + window.location.search
  const [at, setAt] = useState(read)
  useEffect(() => {
    const onMove = () => setAt(read())
    window.addEventListener('popstate', onMove)
    return () => window.removeEventListener('popstate', onMove)
  }, [])
  const go = useCallback<Router['go']>((to, options) => {
    if (options?.replace) window.history.replaceState(null, '', to)
    else window.history.pushState(null, '', to)
    setAt(to)
  }, [])
  const router = useMemo<Router>(() => ({ ...split(at), go, addressable: true }), [at, go])
  return <Context.Provider value={router}>{children}</Context.Provider>
}

export function Link({
  to,
  children,
  className,
  current,
}: {
  to: string
  children: ReactNode
  className?: string
  current?: boolean
}) {
  const { go, addressable } = useRouter()
  const name = classes('link', className)
  const mark = current ? ('page' as const) : undefined
  if (!addressable) {
    return (
      <button type="button" className={name} aria-current={mark} onClick={() => go(to)}>
        {children}
      </button>
    )
  }
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    go(to)
  }
  return (
    <a href={to} className={name} aria-current={mark} onClick={follow}>
      {children}
    </a>
  )
}
