// A button that says why it cannot be pressed.
import {
  type ButtonHTMLAttributes,
  forwardRef,
  type MouseEvent,
  type ReactNode,
  useId,
} from 'react'

import { classes } from '../lib/classes'
import { hostParts } from './hostParts'
import { Icon, type IconName } from './Icon'

export type ButtonVariant = 'primary' | 'secondary' | 'ghost' | 'danger'

/** The host's names for ours. */
const HOST_VARIANT: Record<ButtonVariant, string> = {
  primary: 'default',
  secondary: 'outline',
  ghost: 'ghost',
  danger: 'destructive',
}

export interface ButtonProps
  extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled' | 'title'> {
  variant?: ButtonVariant
  small?: boolean
  icon?: IconName
  /** Only the icon is seen; `children` is its name. */
  iconOnly?: boolean
  /** Work under way: pressing again does nothing. */
  busy?: boolean
  /** Why it cannot be pressed. It stays focusable, so that the reason can be read. */
  disabledReason?: string | null | undefined
  children: ReactNode
}

export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  {
    variant = 'secondary',
    small = false,
    icon,
    iconOnly = false,
    busy = false,
    disabledReason,
    children,
    className,
    onClick,
    type = 'button',
    ...rest
  },
  ref,
) {
  const reasonId = useId()
  const off = Boolean(disabledReason) || busy
  const press = (event: MouseEvent<HTMLButtonElement>) => {
    if (off) {
      event.preventDefault()
      event.stopPropagation()
      return
    }
    onClick?.(event)
  }
  const shared = {
    ...rest,
    ref,
    type,
    onClick: press,
    'aria-disabled': off || undefined,
    'aria-busy': busy || undefined,
    'aria-describedby': classes(rest['aria-describedby'], disabledReason && reasonId) || undefined,
  }
  const inside = (
    <>
      {busy ? <span className="spinner" aria-hidden="true" /> : icon ? <Icon name={icon} /> : null}
      <span className={iconOnly ? 'sr' : undefined}>{children}</span>
    </>
  )
  const HostButton = hostParts.Button
  return (
    <span className={classes('btn-hold', iconOnly && 'icon-only', className)} data-reason={disabledReason || undefined}>
      {HostButton ? (
        <HostButton
          {...shared}
          variant={HOST_VARIANT[variant]}
          size={iconOnly ? 'icon' : small ? 'sm' : 'default'}
        >
          {inside}
        </HostButton>
      ) : (
        <button
          {...shared}
          className={classes('btn', `btn-${variant}`, small && 'btn-small', iconOnly && 'btn-icon')}
        >
          {inside}
        </button>
      )}
      {disabledReason ? (
        <span id={reasonId} className="btn-reason" role="tooltip">
          {disabledReason}
        </span>
      ) : null}
    </span>
  )
})
