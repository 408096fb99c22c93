// Takes over accounts of files on the program's machine.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import { Badge } from '../../ui/Badge'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { TextField } from '../../ui/Field'
import { Failure } from '../../ui/Notice'

const TONE = { added: 'ok', known: 'info', refused: 'warn' } as const

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['accounts', 'common'])
  const [path, setPath] = useState('')
  const run = useWrite('import_credentials', { timeoutMs: 60_000 })
  const start = () => run.mutate(path.trim() === '' ? {} : { path: path.trim() })
  return (
    <Dialog
      title={t('importTitle')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common:close')}</Button>
          <Button variant="primary" busy={run.isPending} onClick={start}>
            {t('importRun')}
          </Button>
        </>
      }
    >
      <p>{t('importBody')}</p>
      <TextField
        label={t('importPath')}
        help={t('importPathHelp')}
        optional
        value={path}
        onChange={(event) => setPath(event.target.value)}
      />
      {run.error ? (
        <Failure title={t('common:failed')} error={run.error} />
      ) : null}
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
    </Dialog>
  )
}
