// How wide an element is now, for what is drawn to measure.
import { useCallback, useState } from 'react'

const BEFORE_MEASURED = 480

/** A ref for the element, and its width in pixels. */
export function useWidth(): [(element: HTMLElement | null) => void, number] {
  const [width, setWidth] = useState(BEFORE_MEASURED)
  const [observer] = useState(
    () =>
      new ResizeObserver((entries) => {
        const found = entries.at(-1)?.contentRect.width
        if (found) setWidth(Math.round(found))
      }),
  )
  const ref = useCallback(
    (element: HTMLElement | null) => {
      observer.disconnect()
      if (element) observer.observe(element)
    },
    [observer],
  )
  return [ref, width]
}
