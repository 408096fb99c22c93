// Accounts of files on the machine where the program runs.
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import { Badge } from '../../ui/Badge'
import { Button } from '../../ui/Button'
import { TextField } from '../../ui/Field'
import { Failure } from '../../ui/Notice'

const TONE = { added: 'ok', known: 'info', refused: 'warn' } as const

export function ImportMachine({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['accounts', 'common'])
  const [path, setPath] = useState('')
  const run = useWrite('import_credentials', { timeoutMs: 60_000 })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    run.mutate(path.trim() === '' ? {} : { path: path.trim() })
  }
  return (
    <form className="stack-4" onSubmit={submit}>
      <TextField
        label={t('importPath')}
        help={t('importPathHelp')}
        optional
        value={path}
        onChange={(event) => setPath(event.target.value)}
      />
      {run.error ? <Failure title={t('common:failed')} error={run.error} /> : null}
      {run.data ? (
        <ul className="plain stack-2" aria-live="polite">
          {run.data.map((it, index) => (
            <li key={index} className="row wrap">
              <Badge tone={TONE[it.outcome] ?? 'plain'}>{t(`outcome_${it.outcome}`)}</Badge>
              <span>{it.source}</span>
              <span className="muted">{it.message}</span>
            </li>
          ))}
        </ul>
      ) : null}
      <div className="row wrap end">
        <Button onClick={onClose}>{t('common:close')}</Button>
        <Button type="submit" variant="primary" busy={run.isPending}>
          {t('importRun')}
        </Button>
      </div>
    </form>
  )
}
