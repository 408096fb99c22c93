// Looks at everything that can be wrong, and says of each what to do.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useClient, useWrite } from '../../api/hooks'
import type { Methods } from '../../api/shapes'
import { Badge, type Tone } from '../../ui/Badge'
import { Button } from '../../ui/Button'
import { SwitchField } from '../../ui/Field'
import { Failure, Notice } from '../../ui/Notice'
import { Card } from '../../ui/Page'
import { type Column, VirtualTable } from '../../ui/VirtualTable'
import { useCheckText } from './useCheckText'

type Examined = Methods['doctor']['result']
type Check = Examined['checks'][number]
type State = Check['state']

/** Each proxy is given ten seconds, eight at a time. */
const TIMEOUT_MS = 120_000
const TONE: Record<State, Tone> = { ok: 'ok', warning: 'warn', wrong: 'bad' }
/** What a person has to look at first. */
const ORDER: Record<State, number> = { wrong: 0, warning: 1, ok: 2 }

export function DoctorCard() {
  const { t } = useTranslation(['maintenance', 'common'])
  const client = useClient()
  const look = useWrite('doctor', { timeoutMs: TIMEOUT_MS })
  const [offline, setOffline] = useState(false)
  return (
    <Card
      title={t('doctor')}
      actions={
        <Button
          variant="primary"
          busy={look.isPending}
          onClick={() => look.mutate({ offline })}
          disabledReason={client.readOnly ? t('common:readOnly') : null}
        >
          {look.data ? t('lookAgain') : t('look')}
        </Button>
      }
    >
      <p className="muted">{t('doctorBody')}</p>
      <SwitchField
        label={t('offline')}
        help={t('offlineHelp')}
        checked={offline}
        onChange={setOffline}
      />
      {look.isPending ? (
        <p role="status" className="muted">
          {t('looking')}
        </p>
      ) : look.error ? (
        <Failure title={t('common:failed')} error={look.error} />
      ) : look.data ? (
        <Found checks={look.data.checks} />
      ) : null}
    </Card>
  )
}

function Found({ checks }: { checks: readonly Check[] }) {
  const { t } = useTranslation('maintenance')
  const text = useCheckText()
  const wrong = checks.filter((it) => it.state === 'wrong').length
  const warnings = checks.filter((it) => it.state === 'warning').length
  const rows = checks
    .map((check, at) => ({ ...check, at }))
    .sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.at - b.at)
  const columns: Column<(typeof rows)[number]>[] = [
    {
      id: 'state',
      head: t('state'),
      width: '8rem',
      cell: (it) => <Badge tone={TONE[it.state]}>{t(`state_${it.state}`)}</Badge>,
    },
    {
      id: 'name',
      head: t('check'),
      width: '10rem',
      cell: (it) => <strong>{text.name(it.name)}</strong>,
    },
    {
      id: 'found',
      head: t('found'),
      width: 'minmax(0, 1fr)',
      cell: (it) => (
        <div className="stack-1">
          <Said text={text.said(it.message)} />
          {it.hint ? (
            <span className="small">
              <strong>{t('todo')}</strong> <Said text={text.said(it.hint)} />
            </span>
          ) : null}
        </div>
      ),
    },
  ]
  return (
    <div className="stack-3">
      <Notice
        tone={wrong > 0 ? 'bad' : warnings > 0 ? 'warn' : 'ok'}
        title={wrong > 0 ? t('someWrong', { count: wrong }) : t('noneWrong')}
      >
        {warnings > 0 ? t('someWarnings', { count: warnings }) : null}
      </Notice>
      <VirtualTable
        label={t('doctor')}
        rows={rows}
        columns={columns}
        rowKey={(it) => String(it.at)}
      />
    </div>
  )
}

/** The program's own words are English where nobody put them into the reader's language. */
function Said({ text: { text, english } }: { text: { text: string; english: boolean } }) {
  return (
    <span lang={english ? 'en' : undefined}>
      {text}
    </span>
  )
}
