// A labelled control with its help and its error, joined for screen readers.
import {
  forwardRef,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from 'react'
import * as RadixSwitch from '@radix-ui/react-switch'
import { useTranslation } from 'react-i18next'

import { classes } from '../lib/classes'
import { Button } from './Button'
import { hostParts } from './hostParts'

export interface FieldText {
  label: string
  help?: ReactNode
  error?: string | null | undefined
  optional?: boolean
  /** For a control whose label stands elsewhere on the page, as a column's head. */
  hideLabel?: boolean
}

interface Joined {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

export function Field({
  label,
  help,
  error,
  optional,
  hideLabel,
  children,
}: FieldText & { children: (joined: Joined) => ReactNode }) {
  const { t } = useTranslation('common')
  const id = useId()
  const helpId = `${id}-help`
  const errorId = `${id}-error`
  return (
    <div className={classes('field', error && 'field-wrong')}>
      <Label for={id} hidden={hideLabel ?? false}>
        {label}
        {optional ? <span className="muted"> {t('optional')}</span> : null}
      </Label>
      {children({
        id,
        'aria-describedby': classes(help ? helpId : null, error ? errorId : null) || undefined,
        'aria-invalid': error ? true : undefined,
      })}
      {help ? (
        <div id={helpId} className="help">
          {help}
        </div>
      ) : null}
      {error ? (
        <div id={errorId} className="wrong" role="alert">
          {error}
        </div>
      ) : null}
    </div>
  )
}

function Label({
  for: id,
  hidden,
  children,
}: {
  for: string
  hidden: boolean
  children: ReactNode
}) {
  const HostLabel = hostParts.Label
  const shared = { htmlFor: id, className: hidden ? 'sr' : 'label' }
  return HostLabel ? (
    <HostLabel {...shared}>{children}</HostLabel>
  ) : (
    <label {...shared}>{children}</label>
  )
}

type InputProps = FieldText & Omit<InputHTMLAttributes<HTMLInputElement>, 'id'>

export const TextField = forwardRef<HTMLInputElement, InputProps>(function TextField(
  { label, help, error, optional, hideLabel, ...rest },
  ref,
) {
  const HostInput = hostParts.Input
  return (
    <Field {...{ label, help, error, hideLabel: hideLabel ?? false, optional: optional ?? false }}>
      {(joined) =>
        HostInput ? (
          <HostInput {...rest} {...joined} ref={ref} />
        ) : (
          <input {...rest} {...joined} ref={ref} className={classes('input', rest.className)} />
        )
      }
    </Field>
  )
})

/** For what must not be seen over a shoulder: hidden unless asked, never filled in by us. */
export const SecretField = forwardRef<HTMLInputElement, InputProps>(function SecretField(
  { label, help, error, optional, ...rest },
  ref,
) {
  const { t } = useTranslation('common')
  const [shown, setShown] = useState(false)
  return (
    <Field {...{ label, help, error, optional: optional ?? false }}>
      {(joined) => (
        <div className="row tight">
          <input
            autoComplete="off"
            spellCheck={false}
            {...rest}
            {...joined}
            ref={ref}
            type={shown ? 'text' : 'password'}
            className="input grow"
          />
          <Button aria-pressed={shown} onClick={() => setShown((it) => !it)}>
            {shown ? t('hide') : t('show')}
          </Button>
        </div>
      )}
    </Field>
  )
})

type AreaProps = FieldText & Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'id'>

export const TextArea = forwardRef<HTMLTextAreaElement, AreaProps>(function TextArea(
  { label, help, error, optional, hideLabel, ...rest },
  ref,
) {
  const HostTextarea = hostParts.Textarea
  return (
    <Field {...{ label, help, error, hideLabel: hideLabel ?? false, optional: optional ?? false }}>
      {(joined) =>
        HostTextarea ? (
          <HostTextarea {...rest} {...joined} ref={ref} />
        ) : (
          <textarea {...rest} {...joined} ref={ref} className={classes('input', rest.className)} />
        )
      }
    </Field>
  )
})

export interface Option {
  value: string
  label: string
}

type SelectProps = FieldText &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, 'id'> & { options: readonly Option[] }

/** The browser's own: every device knows how to show it. */
export const SelectField = forwardRef<HTMLSelectElement, SelectProps>(function SelectField(
  { label, help, error, optional, hideLabel, options, ...rest },
  ref,
) {
  return (
    <Field {...{ label, help, error, hideLabel: hideLabel ?? false, optional: optional ?? false }}>
      {(joined) => (
        <select {...rest} {...joined} ref={ref} className={classes('input', rest.className)}>
          {options.map((it) => (
            <option key={it.value} value={it.value}>
              {it.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
})

/** One of a few: what is chosen is one of the options and nothing else. */
export function ChoiceField<T extends string>({
  value,
  options,
  onChoose,
  ...text
}: FieldText & {
  value: T
  options: readonly { value: T; label: string }[]
  onChoose: (value: T) => void
}) {
  return (
    <SelectField
      {...text}
      value={value}
      options={options}
      onChange={(event) => {
        const chosen = options.find((it) => it.value === event.target.value)
        if (chosen) onChoose(chosen.value)
      }}
    />
  )
}

export function SwitchField({
  label,
  help,
  checked,
  onChange,
  disabled = false,
  hideLabel = false,
}: {
  label: string
  help?: ReactNode
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
  hideLabel?: boolean
}) {
  const id = useId()
  const helpId = `${id}-help`
  const HostSwitch = hostParts.Switch
  const shared = {
    id,
    checked,
    onCheckedChange: onChange,
    disabled,
    'aria-describedby': help ? helpId : undefined,
  }
  return (
    <div className="switch-row">
      {HostSwitch ? (
        <HostSwitch {...shared} />
      ) : (
        <RadixSwitch.Root {...shared} className="switch">
          <RadixSwitch.Thumb className="switch-thumb" />
        </RadixSwitch.Root>
      )}
      <div>
        <Label for={id} hidden={hideLabel}>
          {label}
        </Label>
        {help ? (
          <div id={helpId} className="help">
            {help}
          </div>
        ) : null}
      </div>
    </div>
  )
}
