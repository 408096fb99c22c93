// The fields of an account that every way of adding one has, and editing too.
import { Controller, type UseFormReturn } from 'react-hook-form'
import { useTranslation } from 'react-i18next'

import type { Group } from '../../api/shapes'
import { useWords } from '../../parts/useWords'
import { SelectField, SwitchField, TextField } from '../../ui/Field'
import { useProblem } from '../../ui/useProblem'
import type { AccountForm } from './accountForm'
import { ProxyFields } from './ProxyFields'

const ENDPOINTS = ['anthropic', 'openai', 'comm', 'google'] as const

export function NameField({ form }: { form: UseFormReturn<AccountForm> }) {
  const { t } = useTranslation(['accounts', 'common'])
  const problem = useProblem()
  return (
    <TextField
      label={t('common:name')}
      help={t('nameHelp')}
      optional
      autoComplete="off"
      error={problem(form.formState.errors.name?.message)}
      {...form.register('name')}
    />
  )
}

export function AccountFields({
  form,
  groups,
  isPool,
  storedProxy,
  editing,
}: {
  form: UseFormReturn<AccountForm>
  groups: readonly Group[]
  isPool: boolean
  storedProxy?: string | undefined
  editing: boolean
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const words = useWords()
  const problem = useProblem()
  const errors = form.formState.errors
  const known = groups.map((it) => it.id).join(', ')
  return (
    <div className="fields">
      <SelectField
        label={t('endpoint')}
        help={t('endpointHelp')}
        options={ENDPOINTS.map((it) => ({ value: it, label: words.endpoint(it) }))}
        {...form.register('endpoint_type')}
      />
      <TextField
        label={t('priority')}
        help={t('priorityHelp')}
        inputMode="numeric"
        error={problem(errors.priority?.message)}
        {...form.register('priority')}
      />
      <TextField
        label={t('groups')}
        help={known === '' ? t('groupsHelp') : `${t('groupsHelp')} (${known})`}
        optional
        autoComplete="off"
        error={problem(errors.groups?.message)}
        {...form.register('groups')}
      />
      <TextField
        label={t('concurrency')}
        help={t('concurrencyHelp')}
        inputMode="numeric"
        error={problem(errors.max_concurrency?.message)}
        {...form.register('max_concurrency')}
      />
      <TextField
        label={t('expiry')}
        help={t('expiryHelp')}
        optional
        type="datetime-local"
        error={problem(errors.subscription_expires_at?.message)}
        {...form.register('subscription_expires_at')}
      />
      <TextField
        label={t('userAgent')}
        help={t('userAgentHelp')}
        optional
        autoComplete="off"
        error={problem(errors.user_agent?.message)}
        {...form.register('user_agent')}
      />
      {editing ? (
        <TextField
          label={t('budget')}
          help={t('budgetHelp')}
          optional
          inputMode="numeric"
          error={problem(errors.token_budget?.message)}
          {...form.register('token_budget')}
        />
      ) : null}
      {editing && isPool ? (
        <SelectField
          label={t('keyStrategy')}
          options={KEY_STRATEGIES.map((it) => ({
            value: it,
            label: it === '' ? t('strategy_default') : words.strategy(it),
          }))}
          {...form.register('key_strategy')}
        />
      ) : null}
      <ProxyFields form={form} stored={storedProxy} />
      <div className="span-all">
        <Controller
          control={form.control}
          name="schedulable"
          render={({ field }) => (
            <SwitchField
              label={t('schedulable')}
              help={t('schedulableHelp')}
              checked={field.value}
              onChange={field.onChange}
            />
          )}
        />
      </div>
    </div>
  )
}

const KEY_STRATEGIES = [
  '',
  'random',
  'round_robin',
  'priority_lru',
  'least_used',
  'least_token_used',
  'weighted_score',
  'fill_first',
] as const
