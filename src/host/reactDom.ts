// Stands in for react-dom in the host's build. The host renders with its own copy and hands out
// React alone, and a second copy cannot flush the first one's work. What libraries want of it here:
import { type ReactNode, version } from 'react'

/** A portal is a value any renderer of the same React version reads. */
export function createPortal(children: ReactNode, containerInfo: Element, key?: string | null) {
  return {
    $$typeof: Symbol.for('react.portal'),
    key: key ?? null,
    children,
    containerInfo,
    implementation: null,
  }
}

/** React flushes a click's updates before it answers anyway. */
export function flushSync<T>(work: () => T): T {
  return work()
}

export { version }
export default { createPortal, flushSync, version }
