// One value of the configuration with what it means, its default and its bounds.
import { useTranslation } from 'react-i18next'

import { exact } from '../../lib/format'
import { useWords } from '../../parts/useWords'
import { SelectField, SwitchField, TextArea, TextField } from '../../ui/Field'
import { useProblem } from '../../ui/useProblem'
import { check, type ConfigField, type Draft, toDraft } from './settingsModel'
import { useFieldText } from './useFieldText'

export function ConfigFieldInput({
  field,
  draft,
  changed,
  complaint,
  onChange,
}: {
  field: ConfigField
  draft: Draft
  changed: boolean
  /** What the program said against it. */
  complaint: string | null
  onChange: (draft: Draft) => void
}) {
  const { t, i18n } = useTranslation('settings')
  const words = useWords()
  const problem = useProblem()
  const { title, about } = useFieldText()(field)
  const checked = changed ? check(field, draft) : null
  const error = checked && !checked.ok ? problem(checked.problem) : complaint
  const fallback = toDraft(field, field.fallback)
  const number = (it: number) => exact(it, i18n.language)
  const bounds =
    field.min !== null && field.max !== null
      ? ` ${t('bounds', { min: number(field.min), max: number(field.max) })}`
      : ''
  const showsDefault = field.kind !== 'fixed' && field.fallback !== undefined && field.kind !== 'json'
  const told =
    typeof fallback === 'boolean'
      ? t(fallback ? 'on' : 'off')
      : field.kind === 'choice'
        ? words.strategy(fallback)
        : typeof field.fallback === 'number'
          ? number(field.fallback)
          : short(fallback, t('empty'))
  const help = (
    <>
      {about}
      {bounds}
      {field.restart ? <strong> {t('needsRestart')}</strong> : null}
      {showsDefault ? (
        <span className="row tight wrap">
          <span>{t('default', { value: told })}</span>
          {draft === fallback ? null : (
            <button type="button" className="link" onClick={() => onChange(fallback)}>
              {t('useDefault')}
              <span className="sr"> {title}</span>
            </button>
          )}
        </span>
      ) : null}
    </>
  )
  const text = String(draft)
  switch (field.kind) {
    case 'switch':
      return <SwitchField label={title} help={help} checked={draft === true} onChange={onChange} />
    case 'choice':
      return (
        <SelectField
          label={title}
          help={help}
          error={error}
          value={text}
          options={field.choices.map((it) => ({ value: it, label: words.strategy(it) }))}
          onChange={(event) => onChange(event.target.value)}
        />
      )
    case 'long':
    case 'lines':
    case 'json':
      return (
        <div className="span-all">
          <TextArea
            label={title}
            help={help}
            error={error}
            rows={field.kind === 'json' ? 8 : 3}
            className={field.kind === 'json' ? 'mono' : ''}
            value={text}
            onChange={(event) => onChange(event.target.value)}
          />
        </div>
      )
    case 'fixed':
      return <TextField label={title} help={help} value={text} readOnly />
    case 'integer':
    case 'number':
      return (
        <TextField
          label={title}
          help={help}
          error={error}
          inputMode="decimal"
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )
    case 'text':
      return (
        <TextField
          label={title}
          help={help}
          error={error}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      )
  }
}

function short(text: string, empty: string): string {
  if (text === '') return empty
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
