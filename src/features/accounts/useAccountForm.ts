// The form of an account, checked as it is typed.
import { valibotResolver } from '@hookform/resolvers/valibot'
import { useForm, type UseFormReturn } from 'react-hook-form'

import type { UserError } from '../../api/errors'
import { type AccountForm, accountSchema } from './accountForm'

export function useAccountForm(values: AccountForm): UseFormReturn<AccountForm> {
  return useForm<AccountForm>({
    resolver: valibotResolver(accountSchema),
    defaultValues: values,
    mode: 'onTouched',
  })
}

const PROXY_FIELD = 'proxy_host'

/** Puts the program's complaint where it belongs; answers whether a field took it. */
export function showFieldError(form: UseFormReturn<AccountForm>, error: UserError): boolean {
  const field = error.field?.replace(/^config\./, '').split(/[.[]/)[0]
  if (field === undefined) return false
  const known = Object.keys(form.getValues()) as (keyof AccountForm)[]
  const at = field === 'proxy' ? PROXY_FIELD : known.find((it) => it === field)
  if (!at) return false
  form.setError(at, { type: 'server', message: error.message }, { shouldFocus: true })
  return true
}
