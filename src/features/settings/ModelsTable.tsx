// The catalogue of models.
import { useTranslation } from 'react-i18next'

import type { ConfigShown } from '../../api/shapes'
import { problem } from '../../lib/problem'
import { useWords } from '../../parts/useWords'
import { ChoiceField, SwitchField, TextField } from '../../ui/Field'
import { RowsEditor } from './RowsEditor'

type Entry = ConfigShown['config']['models'][number]
interface Row {
  entry: Entry
  aliases: string
  context: string
}

const ENDPOINTS = ['anthropic', 'openai', 'comm', 'google'] as const
const REASONING = ['auto', 'off', 'low', 'medium', 'high'] as const

export function ModelsTable({ shown }: { shown: ConfigShown }) {
  const { t } = useTranslation(['settings', 'common'])
  const words = useWords()
  return (
    <RowsEditor<Row>
      shown={shown}
      path="models"
      title={t('models')}
      about={t('modelsAbout')}
      addLabel={t('modelAdd')}
      empty={{
        entry: { id: '', type: 'comm', reasoning: 'auto', supports_tools: true },
        aliases: '',
        context: '',
      }}
      read={(config) =>
        config.models.map((entry) => ({
          entry,
          aliases: (entry.aliases ?? []).join(', '),
          context: entry.context_length === undefined ? '' : String(entry.context_length),
        }))
      }
      write={(rows) => rows.map(toEntry)}
      columns={[
        t('modelId'),
        t('common:name'),
        t('modelEndpoint'),
        t('modelReasoning'),
        t('modelAliases'),
        t('modelContext'),
        t('modelVision'),
        t('modelTools'),
      ]}
      check={(row, rows) =>
        row.entry.id.trim() === ''
          ? problem('common:required')
          : rows.filter((it) => it.entry.id.trim() === row.entry.id.trim()).length > 1
            ? problem('settings:twice')
            : row.context !== '' && !/^[1-9]\d*$/.test(row.context.trim())
              ? problem('common:number')
              : null
      }
      nameOf={(row) => row.entry.id}
      cells={(row, set) => {
        const put = (change: Partial<Entry>) => set({ ...row, entry: { ...row.entry, ...change } })
        return [
          <TextField
            key="id"
            label={t('modelId')}
            hideLabel
            autoComplete="off"
            value={row.entry.id}
            onChange={(event) => put({ id: event.target.value })}
          />,
          <TextField
            key="name"
            label={t('common:name')}
            hideLabel
            autoComplete="off"
            value={row.entry.name ?? ''}
            onChange={(event) => put({ name: event.target.value })}
          />,
          <ChoiceField
            key="type"
            label={t('modelEndpoint')}
            hideLabel
            value={row.entry.type}
            options={ENDPOINTS.map((it) => ({ value: it, label: words.endpoint(it) }))}
            onChoose={(type) => put({ type })}
          />,
          <ChoiceField
            key="reasoning"
            label={t('modelReasoning')}
            hideLabel
            value={row.entry.reasoning ?? 'auto'}
            options={REASONING.map((it) => ({ value: it, label: t(`reasoning_${it}`) }))}
            onChoose={(reasoning) => put({ reasoning })}
          />,
          <TextField
            key="aliases"
            label={t('modelAliases')}
            hideLabel
            autoComplete="off"
            value={row.aliases}
            onChange={(event) => set({ ...row, aliases: event.target.value })}
          />,
          <TextField
            key="context"
            label={t('modelContext')}
            hideLabel
            inputMode="numeric"
            value={row.context}
            onChange={(event) => set({ ...row, context: event.target.value })}
          />,
          <SwitchField
            key="vision"
            label={t('modelVision')}
            hideLabel
            checked={row.entry.supports_vision ?? false}
            onChange={(on) => put({ supports_vision: on })}
          />,
          <SwitchField
            key="tools"
            label={t('modelTools')}
            hideLabel
            checked={row.entry.supports_tools ?? false}
            onChange={(on) => put({ supports_tools: on })}
          />,
        ]
      }}
    />
  )
}

function toEntry({ entry, aliases, context }: Row): Entry {
  const names = aliases
    .split(/[,，\s]+/)
    .map((it) => it.trim())
    .filter((it) => it !== '')
  const { name } = entry
  const rest: Entry = { ...entry }
  delete rest.name
  delete rest.aliases
  delete rest.context_length
  return {
    ...rest,
    id: entry.id.trim(),
    ...(name === undefined || name.trim() === '' ? {} : { name: name.trim() }),
    ...(names.length === 0 ? {} : { aliases: names }),
    ...(context.trim() === '' ? {} : { context_length: Number(context) }),
  }
}
