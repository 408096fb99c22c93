// A menu of actions behind one button.
import * as Radix from '@radix-ui/react-dropdown-menu'
import { type ButtonHTMLAttributes, createContext, forwardRef, useContext } from 'react'

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
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>
        <TriggerButton label={label} />
      </Radix.Trigger>
      <Radix.Portal container={root}>
        <Radix.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          {items.map((it) => (
            <Radix.Item
              key={it.label}
              className={classes('menu-item', it.danger && 'menu-danger')}
              disabled={Boolean(it.disabledReason)}
              onSelect={it.onSelect}
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
