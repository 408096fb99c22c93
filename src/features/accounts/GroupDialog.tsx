// One group, new or known.
import { valibotResolver } from '@hookform/resolvers/valibot'
import { useForm } from 'react-hook-form'
import { useTranslation } from 'react-i18next'
import * as v from 'valibot'

import { useWrite } from '../../api/hooks'
import type { Group, Strategy } from '../../api/shapes'
import { problem } from '../../lib/problem'
import { useWords } from '../../parts/useWords'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { SelectField, TextField } from '../../ui/Field'
import { Failure } from '../../ui/Notice'
import { useToast } from '../../ui/toast'
import { useProblem } from '../../ui/useProblem'

const STRATEGIES = [
  'priority_lru',
  'round_robin',
  'random',
  'least_used',
  'least_token_used',
  'max_remaining',
  'weighted_score',
  'fill_first',
] as const satisfies readonly Strategy[]

const schema = v.object({
  id: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,64}$/, problem('accounts:tierIdBad'))),
  name: v.pipe(v.string(), v.maxLength(100)),
  priority: v.pipe(v.string(), v.regex(/^\d{1,6}$/, problem('common:number'))),
  strategy: v.picklist(STRATEGIES),
})

export function GroupDialog({ group, onClose }: { group: Group | null; onClose: () => void }) {
  const { t } = useTranslation(['accounts', 'common'])
  const words = useWords()
  const problemText = useProblem()
  const tell = useToast()
  const save = useWrite('save_group')
  const form = useForm<v.InferOutput<typeof schema>>({
    resolver: valibotResolver(schema),
    mode: 'onTouched',
    defaultValues: {
      id: group?.id ?? '',
      name: group?.name ?? '',
      priority: String(group?.priority ?? 100),
      strategy: group?.strategy ?? 'priority_lru',
    },
  })
  const errors = form.formState.errors
  const submit = form.handleSubmit((it) =>
    save.mutate(
      { ...it, name: it.name.trim() || it.id, priority: Number(it.priority) },
      {
        onSuccess: (saved) => {
          tell({ tone: 'ok', text: t('tierSaved', { name: saved.name }) })
          onClose()
        },
      },
    ),
  )
  return (
    <Dialog
      title={group ? t('tierEdit', { name: group.name }) : t('tierAdd')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button variant="primary" busy={save.isPending} onClick={() => void submit()}>
            {t('common:save')}
          </Button>
        </>
      }
    >
      <form className="stack-4" onSubmit={(event) => void submit(event)} noValidate>
        {group ? null : (
          <TextField
            label={t('tierId')}
            help={t('tierIdHelp')}
            autoComplete="off"
            error={problemText(errors.id?.message)}
            {...form.register('id')}
          />
        )}
        <TextField
          label={t('common:name')}
          optional
          autoComplete="off"
          error={problemText(errors.name?.message)}
          {...form.register('name')}
        />
        <TextField
          label={t('priority')}
          inputMode="numeric"
          error={problemText(errors.priority?.message)}
          {...form.register('priority')}
        />
        <SelectField
          label={t('tierStrategy')}
          options={STRATEGIES.map((it) => ({ value: it, label: words.strategy(it) }))}
          {...form.register('strategy')}
        />
        {save.error ? (
          <Failure title={t('common:saveFailed')} error={save.error} />
        ) : null}
        <button type="submit" className="sr" tabIndex={-1} aria-hidden="true" />
      </form>
    </Dialog>
  )
}
