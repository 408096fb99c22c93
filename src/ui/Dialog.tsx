// A modal on the browser's own <dialog>: focus trap, Escape, inert background, no portal.
import { type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'

import { classes } from '../lib/classes'
import { Button } from './Button'

/** What a person most likely came for: the first control, or else the way out at the bottom. */
const WANTED = [
  ...['input:not([type=hidden])', 'select', 'textarea'].map((it) => `.dialog-body ${it}`),
  '.dialog-foot button',
].join(',')

export function Dialog({
  title,
  onClose,
  children,
  footer,
  wide = false,
}: {
  title: string
  onClose: () => void
  children: ReactNode
  footer?: ReactNode
  wide?: boolean
}) {
  const { t } = useTranslation('common')
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  // Open before it is painted: nobody sees or reaches it closed.
  useLayoutEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    dialog?.showModal()
    // The button that closes comes first in the dialog, but nobody opened it for that.
    if (document.activeElement?.closest('.dialog-head')) {
      dialog?.querySelector<HTMLElement>(WANTED)?.focus()
    }
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={ref}
      className={classes('dialog', wide && 'dialog-wide')}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        <Button variant="ghost" icon="close" iconOnly onClick={onClose}>
          {t('close')}
        </Button>
      </div>
      <div className="dialog-body stack-4">{children}</div>
      {footer ? <div className="dialog-foot">{footer}</div> : null}
    </dialog>
  )
}
