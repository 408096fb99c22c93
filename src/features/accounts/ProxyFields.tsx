// The proxy of an account, in its parts; its password is never shown again.
import { type UseFormReturn, useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'

import { SecretField, SelectField, TextField } from '../../ui/Field'
import { useProblem } from '../../ui/useProblem'
import { type AccountForm, PROXY_KINDS } from './accountForm'
import { ProxyTest } from './ProxyTest'

export function ProxyFields({
  form,
  stored,
}: {
  form: UseFormReturn<AccountForm>
  stored?: string | undefined
}) {
  const { t } = useTranslation('accounts')
  const problem = useProblem()
  const errors = form.formState.errors
  const kind = useWatch({ control: form.control, name: 'proxy_kind' })
  const options = [
    ...(stored === undefined ? [] : [{ value: 'keep', label: t('proxyKeep', { proxy: stored }) }]),
    { value: '', label: stored === undefined ? t('proxyNone') : t('proxyRemove') },
    ...PROXY_KINDS.map((it) => ({ value: it, label: it.toUpperCase() })),
  ]
  return (
    <fieldset className="span-all stack-4">
      <legend>{t('proxy')}</legend>
      <div className="fields">
        <SelectField label={t('proxyKind')} options={options} {...form.register('proxy_kind')} />
        {kind === '' || kind === 'keep' ? null : (
          <>
            <TextField
              label={t('proxyHost')}
              autoComplete="off"
              error={problem(errors.proxy_host?.message)}
              {...form.register('proxy_host')}
            />
            <TextField
              label={t('proxyPort')}
              inputMode="numeric"
              error={problem(errors.proxy_port?.message)}
              {...form.register('proxy_port')}
            />
            <TextField
              label={t('proxyUser')}
              optional
              autoComplete="off"
              {...form.register('proxy_user')}
            />
            <SecretField label={t('proxyPassword')} optional {...form.register('proxy_password')} />
          </>
        )}
      </div>
      <ProxyTest form={form} />
    </fieldset>
  )
}
