// A menu of actions behind one button.
import * as Radix from '@radix-ui/react-dropdown-menu'
import { type ButtonHTMLAttributes, createContext, forwardRef, useContext, useRef } from 'react'

import { classes } from '../lib/classes'
import { Button } from './Button'

export interface MenuItem {
  label: string
  onSelect: () => void
  danger?: boolean
  disabledReason?: string | null
}

/** Where menus are put: inside our own root, so that our styles reach them. */
export const MenuRoot = createContext<HTMLElement | null>(null)

export function Menu({ label, items }: { label: string; items: readonly MenuItem[] }) {
  const root = useContext(MenuRoot)
  const trigger = useRef<HTMLButtonElement>(null)
  const chosen = useRef<(() => void) | null>(null)
  // What was chosen begins once the menu is gone and its button has the focus again: a dialog that
  // opens then knows where to give the focus back to.
  const onClosed = (event: Event) => {
    event.preventDefault()
    trigger.current?.focus()
    const run = chosen.current
    chosen.current = null
    run?.()
  }
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>
        <TriggerButton ref={trigger} label={label} />
      </Radix.Trigger>
      <Radix.Portal container={root}>
        <Radix.Content
          className="menu"
          align="end"
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={onClosed}
        >
          {items.map((it) => (
            <Radix.Item
              key={it.label}
              className={classes('menu-item', it.danger && 'menu-danger')}
              disabled={Boolean(it.disabledReason)}
              onSelect={() => {
                chosen.current = it.onSelect
              }}
            >
              <span>{it.label}</span>
              {it.disabledReason ? <span className="help">{it.disabledReason}</span> : null}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

// Radix hands its props and ref to the element it is given.
const TriggerButton = forwardRef<
  HTMLButtonElement,
  Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled' | 'title'> & { label: string }
>(function TriggerButton({ label, ...rest }, ref) {
  return (
    <Button {...rest} ref={ref} variant="ghost" small icon="more" iconOnly>
      {label}
    </Button>
  )
})
