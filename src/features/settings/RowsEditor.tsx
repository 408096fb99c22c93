// A table of the configuration that is edited as a whole.
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { ConfigShown } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { EmptyState, Failure } from '../../ui/Notice'
import { Card } from '../../ui/Page'
import { StaleNotice } from '../../ui/Stale'
import { useToast } from '../../ui/toast'
import { useProblem } from '../../ui/useProblem'
import { revisionOf, useConfigSave } from './useConfigSave'

export function RowsEditor<Row>({
  shown,
  path,
  title,
  about,
  addLabel,
  empty,
  read,
  write,
  columns,
  check,
  cells,
  nameOf,
}: {
  shown: ConfigShown
  /** The key of the configuration. */
  path: string
  title: string
  about: string
  addLabel: string
  empty: Row
  read: (config: ConfigShown['config']) => Row[]
  write: (rows: readonly Row[]) => unknown
  columns: readonly string[]
  /** What is wrong with a row, if anything is. */
  check: (row: Row, rows: readonly Row[]) => string | null
  cells: (row: Row, set: (row: Row) => void) => ReactNode[]
  nameOf: (row: Row) => string
}) {
  const { t } = useTranslation(['settings', 'common'])
  const problem = useProblem()
  const tell = useToast()
  const { save, busy, error, reset, readOnly } = useConfigSave()
  const [draft, setDraft] = useState<{ rows: Row[]; base: ConfigShown } | null>(null)
  const rows = draft?.rows ?? read(shown.config)
  const put = (next: Row[]) => setDraft({ rows: next, base: draft?.base ?? shown })
  const problems = rows.map((row) => check(row, rows))
  const wrong = problems.filter((it) => it !== null).length
  const submit = (on: ConfigShown) =>
    save({ [path]: write(rows) }, revisionOf(on), () => {
      setDraft(null)
      tell({ tone: 'ok', text: t('common:saved') })
    })
  const discard = () => {
    setDraft(null)
    reset()
  }
  const reason = readOnly
    ? t('common:readOnly')
    : draft === null
      ? t('nothingChanged')
      : wrong > 0
        ? t('fixFirst', { count: wrong })
        : null
  return (
    <Card title={title}>
      <p className="muted">{about}</p>
      {rows.length === 0 ? (
        <EmptyState title={t('noRows')} />
      ) : (
        <div className="scroll-x" role="region" aria-label={title} tabIndex={0}>
          <table className="table rows">
            <thead>
              <tr>
                {columns.map((it) => (
                  <th key={it} scope="col">
                    {it}
                  </th>
                ))}
                <th scope="col">
                  <span className="sr">{t('common:actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => {
                const bad = problem(problems[index] ?? undefined)
                return (
                  <tr key={index}>
                    {cells(row, (next) =>
                      put(rows.map((it, at) => (at === index ? next : it))),
                    ).map((cell, at) => (
                      <td key={at} data-label={columns[at]}>
                        {cell}
                        {at === 0 && bad && draft ? (
                          <span className="wrong" role="alert">
                            {bad}
                          </span>
                        ) : null}
                      </td>
                    ))}
                    <td className="end">
                      <Button
                        small
                        variant="ghost"
                        icon="close"
                        iconOnly
                        onClick={() => put(rows.filter((_, at) => at !== index))}
                      >
                        {t('removeRow', { name: nameOf(row) || String(index + 1) })}
                      </Button>
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
      <div className="row">
        <Button icon="plus" onClick={() => put([...rows, empty])}>
          {addLabel}
        </Button>
      </div>
      {error?.kind === 'stale' ? (
        <StaleNotice
          differences={[
            {
              label: title,
              mine: rows.map(nameOf).join(', '),
              theirs: read(shown.config).map(nameOf).join(', '),
            },
          ]}
          onMine={() => submit(shown)}
          onTheirs={discard}
        />
      ) : error ? (
        <Failure title={t('common:saveFailed')} error={error} />
      ) : null}
      <div className="row wrap">
        <Button
          variant="primary"
          busy={busy}
          disabledReason={reason}
          onClick={() => submit(draft?.base ?? shown)}
        >
          {t('common:save')}
        </Button>
        {draft ? <Button onClick={discard}>{t('discard')}</Button> : null}
      </div>
    </Card>
  )
}
