// What ProxyCast promises at run time, and what it used to promise: every member may be missing,
// reject or never answer, and answers come in older shapes too.

declare const __HOST__: boolean

type Answer<T> = Promise<T> | T

interface HostHttpOptions {
  method?: string
  headers?: Record<string, string>
  body?: string
  timeoutMs?: number
}

interface HostSdk {
  rpc?: {
    call?: (method: string, params?: unknown) => Answer<unknown>
    isConnected?: () => Answer<unknown>
    connect?: () => Answer<unknown>
    disconnect?: () => Answer<unknown>
  }
  http?: { request?: (url: string, options?: HostHttpOptions) => Answer<unknown> }
  storage?: {
    get?: (key: string) => Answer<unknown>
    set?: (key: string, value: unknown) => Answer<unknown>
    delete?: (key: string) => Answer<unknown>
  }
  credential?: { list?: () => Answer<unknown> }
  notification?: Partial<Record<'success' | 'error' | 'info' | 'warning', (text: string) => unknown>>
}
