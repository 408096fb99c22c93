// One client key, new or known.
import { valibotResolver } from '@hookform/resolvers/valibot'
import { useState } from 'react'
import { Controller, useForm } from 'react-hook-form'
import { useTranslation } from 'react-i18next'

import { useClient, useRead, useWrite } from '../../api/hooks'
import type { ClientKey } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { SelectField, SwitchField, TextField } from '../../ui/Field'
import { Failure } from '../../ui/Notice'
import { StaleNotice } from '../../ui/Stale'
import { useToast } from '../../ui/toast'
import { useProblem } from '../../ui/useProblem'
import { COSTS, COUNTS, formOf, inputOf, type KeyForm, keySchema } from './keyForm'
import { LIMIT_LABEL } from './useLimitText'

export function KeyDialog({
  clientKey,
  onClose,
  onCreated,
}: {
  clientKey: ClientKey | null
  onClose: () => void
  onCreated: (secret: string) => void
}) {
  const { t } = useTranslation(['clientKeys', 'common'])
  const problem = useProblem()
  const tell = useToast()
  const client = useClient()
  const accounts = useRead('list_credentials', {})
  const groups = useRead('list_groups', {})
  const keys = useRead('list_client_keys', {})
  const create = useWrite('create_client_key')
  const update = useWrite('update_client_key')
  const [began] = useState(() => formOf(clientKey))
  const form = useForm<KeyForm>({
    resolver: valibotResolver(keySchema),
    defaultValues: began,
    mode: 'onTouched',
  })
  const errors = form.formState.errors
  const failure = create.error ?? update.error
  const now = keys.data?.find((it) => it.id === clientKey?.id)

  const submit = (revision: number | undefined) =>
    form.handleSubmit((values) => {
      if (clientKey === null) {
        create.mutate(inputOf(values), { onSuccess: (it) => onCreated(it.key) })
        return
      }
      const by = { client_key_id: clientKey.id, ...(revision === undefined ? {} : { revision }) }
      update.mutate(
        { ...by, ...inputOf(values) },
        {
          onSuccess: () => {
            tell({ tone: 'ok', text: t('common:saved') })
            onClose()
          },
        },
      )
    })()

  const bindings = [
    { value: '', label: t('bindingNone') },
    ...(groups.data ?? []).map((it) => ({
      value: `group:${it.id}`,
      label: t('bindingGroup', { name: it.name }),
    })),
    ...(accounts.data ?? []).map((it) => ({
      value: it.id,
      label: t('bindingAccount', { name: it.name }),
    })),
  ]
  const limit = (name: (typeof COUNTS)[number] | (typeof COSTS)[number]) => (
    <TextField
      key={name}
      label={t(LIMIT_LABEL[name])}
      inputMode="decimal"
      autoComplete="off"
      error={problem(errors[name]?.message)}
      {...form.register(name)}
    />
  )
  return (
    <Dialog
      wide
      title={clientKey ? t('editTitle', { name: clientKey.name }) : t('createTitle')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button
            variant="primary"
            busy={create.isPending || update.isPending}
            disabledReason={client.readOnly ? t('common:readOnly') : null}
            onClick={() => void submit(clientKey?.revision)}
          >
            {clientKey ? t('common:save') : t('create')}
          </Button>
        </>
      }
    >
      <form
        className="stack-5"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void submit(clientKey?.revision)
        }}
      >
        <div className="fields">
          <TextField
            label={t('common:name')}
            help={t('nameHelp')}
            autoComplete="off"
            error={problem(errors.name?.message)}
            {...form.register('name')}
          />
          <TextField
            label={t('expires')}
            help={t('expiresHelp')}
            type="datetime-local"
            {...form.register('expires_at')}
          />
          <TextField
            label={t('expiresDays')}
            help={t('expiresDaysHelp')}
            inputMode="numeric"
            error={problem(errors.expires_days?.message)}
            {...form.register('expires_days')}
          />
          <SelectField
            label={t('binding')}
            help={t('bindingHelp')}
            options={bindings}
            {...form.register('binding')}
          />
          <TextField
            label={t('models')}
            help={t('modelsHelp')}
            autoComplete="off"
            error={problem(errors.models?.message)}
            {...form.register('models')}
          />
          <Controller
            control={form.control}
            name="fallback"
            render={({ field }) => (
              <SwitchField
                label={t('fallback')}
                help={t('fallbackHelp')}
                checked={field.value}
                onChange={field.onChange}
              />
            )}
          />
        </div>
        <fieldset className="stack-2">
          <legend>{t('limits')}</legend>
          <p className="help">{t('noLimitHelp')}</p>
          <div className="fields">
            {COUNTS.map(limit)}
            {COSTS.map(limit)}
          </div>
        </fieldset>
        <button type="submit" className="sr" tabIndex={-1} aria-hidden="true" />
      </form>
      {failure?.kind === 'stale' && now ? (
        <StaleNotice
          differences={differences(form.getValues(), formOf(now), t)}
          onMine={() => void submit(now.revision)}
          onTheirs={() => {
            form.reset(formOf(now))
            update.reset()
          }}
        />
      ) : failure ? (
        <Failure title={t('common:saveFailed')} error={failure} />
      ) : null}
    </Dialog>
  )
}

const SHOWN = {
  name: 'common:name',
  expires_at: 'expires',
  expires_days: 'expiresDays',
  binding: 'binding',
  fallback: 'fallback',
  models: 'models',
  ...LIMIT_LABEL,
} as const

function differences(
  mine: KeyForm,
  theirs: KeyForm,
  t: (key: (typeof SHOWN)[keyof typeof SHOWN]) => string,
) {
  return (Object.keys(SHOWN) as (keyof typeof SHOWN)[])
    .filter((it) => mine[it] !== theirs[it])
    .map((it) => ({ label: t(SHOWN[it]), mine: String(mine[it]), theirs: String(theirs[it]) }))
}
