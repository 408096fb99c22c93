// The single values, by section. What is typed stays until it is saved or put back.
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ConfigShown } from '../../api/shapes'
import { classes } from '../../lib/classes'
import { Button } from '../../ui/Button'
import { Failure } from '../../ui/Notice'
import { Card } from '../../ui/Page'
import { StaleNotice } from '../../ui/Stale'
import { useToast } from '../../ui/toast'
import { ConfigFieldInput } from './ConfigFieldInput'
import {
  check,
  type ConfigField,
  type Draft,
  fieldsOf,
  getAt,
  patchOf,
  same,
  SECTIONS,
  sectionOf,
  toDraft,
} from './settingsModel'
import { revisionOf, useConfigSave } from './useConfigSave'
import { useFieldText } from './useFieldText'

export function SettingsForm({ shown, schema }: { shown: ConfigShown; schema: unknown }) {
  const { t } = useTranslation(['settings', 'common'])
  const tell = useToast()
  const text = useFieldText()
  const fields = useMemo(() => fieldsOf(schema), [schema])
  const [drafts, setDrafts] = useState<ReadonlyMap<string, Draft>>(new Map())
  // What the first change was made on top of.
  const [base, setBase] = useState(shown)
  const { save, busy, error, reset, readOnly } = useConfigSave()

  const set = (field: ConfigField, draft: Draft) => {
    if (drafts.size === 0) setBase(shown)
    const next = new Map(drafts)
    if (draft === toDraft(field, getAt(shown.config, field.path))) next.delete(field.path)
    else next.set(field.path, draft)
    setDrafts(next)
  }
  const changed = fields.filter((it) => drafts.has(it.path))
  const checked = changed.map((it) => [it, check(it, drafts.get(it.path) ?? '')] as const)
  const wrong = checked.filter(([, it]) => !it.ok).length
  const stale = error?.kind === 'stale'
  const submit = (on: ConfigShown) => {
    const values = new Map<string, unknown>()
    for (const [field, it] of checked) if (it.ok) values.set(field.path, it.value)
    save(patchOf(values), revisionOf(on), () => {
      setDrafts(new Map())
      const restart = changed.some((it) => it.restart)
      tell({ tone: 'ok', text: restart ? t('savedRestart') : t('common:saved') })
    })
  }
  const discard = () => {
    setDrafts(new Map())
    reset()
  }
  const differences = changed
    .filter((it) => !same(getAt(base.config, it.path), getAt(shown.config, it.path)))
    .map((it) => ({
      label: text(it).title,
      mine: String(drafts.get(it.path) ?? ''),
      theirs: String(toDraft(it, getAt(shown.config, it.path))),
    }))
  const reason = readOnly
    ? t('common:readOnly')
    : changed.length === 0
      ? t('nothingChanged')
      : wrong > 0
        ? t('fixFirst', { count: wrong })
        : null
  return (
    <form
      className="stack-5"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (!reason) submit(base)
      }}
    >
      {SECTIONS.map((section) => {
        const here = fields.filter((it) => sectionOf(it.path) === section)
        if (here.length === 0) return null
        return (
          <Card key={section} title={t(`section_${section}`)}>
            <div className="fields">
              {here.map((it) => (
                <ConfigFieldInput
                  key={it.path}
                  field={it}
                  draft={drafts.get(it.path) ?? toDraft(it, getAt(shown.config, it.path))}
                  changed={drafts.has(it.path)}
                  complaint={error && isAt(error.field, it.path) ? error.message : null}
                  onChange={(draft) => set(it, draft)}
                />
              ))}
            </div>
          </Card>
        )
      })}
      {stale ? (
        <StaleNotice
          differences={differences}
          onMine={() => submit(shown)}
          onTheirs={discard}
        />
      ) : error ? (
        <Failure title={t('common:saveFailed')} error={error} />
      ) : null}
      <div className={classes('row', 'wrap', 'save-bar', changed.length > 0 && 'save-bar-live')}>
        <Button type="submit" variant="primary" busy={busy} disabledReason={reason}>
          {t('common:save')}
        </Button>
        {changed.length > 0 ? (
          <>
            <Button onClick={discard}>{t('discard')}</Button>
            <span role="status" className="muted">
              {t('changes', { count: changed.length })}
            </span>
          </>
        ) : null}
      </div>
      <p className="muted small">
        {t('origin', { file: shown.origin.user_file ?? shown.origin.files.at(-1) ?? '–' })}
      </p>
    </form>
  )
}

function isAt(field: string | null, path: string): boolean {
  return field === path || field === `config.${path}`
}
