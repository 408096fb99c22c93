// One value of the configuration with what it means, its default and its bounds.
import { useTranslation } from 'react-i18next'

import { Button } from '../../ui/Button'
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
  const { t } = useTranslation('settings')
  const problem = useProblem()
  const { title, about } = useFieldText()(field)
  const checked = changed ? check(field, draft) : null
  const error = checked && !checked.ok ? problem(checked.problem) : complaint
  const fallback = toDraft(field, field.fallback)
  const bounds =
    field.min !== null && field.max !== null ? ` ${t('bounds', { min: field.min, max: field.max })}` : ''
  const showsDefault = field.kind !== 'fixed' && field.fallback !== undefined && field.kind !== 'json'
  const help = (
    <>
      {about}
      {bounds}
      {field.restart ? <strong> {t('needsRestart')}</strong> : null}
      {showsDefault ? (
        <span className="row tight wrap">
          <span>{t('default', { value: short(fallback, t('empty')) })}</span>
          {draft === fallback ? null : (
            <Button variant="ghost" small onClick={() => onChange(fallback)}>
              {t('useDefault')}
              <span className="sr"> {title}</span>
            </Button>
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
          options={field.choices.map((it) => ({ value: it, label: it }))}
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

function short(draft: Draft, empty: string): string {
  const text = String(draft)
  if (text === '') return empty
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
