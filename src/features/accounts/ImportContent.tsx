// A file or a text with accounts: checked first, a line for each thing in it, then taken over.
import { type ChangeEvent, type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { UserError } from '../../api/errors'
import { useWrite } from '../../api/hooks'
import { type Content, toContent } from '../../lib/content'
import { Button } from '../../ui/Button'
import { Field, SecretField, TextArea } from '../../ui/Field'
import { Failure, Notice } from '../../ui/Notice'
import { ImportReport } from './ImportReport'

/** Secrets that a file may be sealed with, as the program asks for them. */
const SECRETS = {
  passphrase: 'importPassphrase',
  relay_key: 'importRelayKey',
} as const
type SecretName = keyof typeof SECRETS

export function ImportContent({
  pasted,
  onClose,
}: {
  pasted: boolean
  onClose: () => void
}) {
  const { t } = useTranslation(['accounts', 'common'])
  const [content, setContent] = useState<Content | null>(null)
  const [wrong, setWrong] = useState<string | null>(null)
  const [asked, setAsked] = useState<SecretName | null>(null)
  const [secret, setSecret] = useState('')
  const run = useWrite('import_content', { timeoutMs: 120_000 })
  const report = run.data
  const checked = report?.dry_run === true
  const worth = checked && report.added + report.merged > 0
  /** What was checked is not what is there now. */
  const changed = () => {
    setWrong(null)
    run.reset()
  }
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const input = event.target
    const file = input.files?.[0]
    changed()
    setContent(null)
    setAsked(null)
    setSecret('')
    if (!file) return
    file.arrayBuffer().then(
      (it) => {
        // Unless another was chosen meanwhile.
        if (input.files?.[0] === file) setContent(toContent(new Uint8Array(it)))
      },
      () => setWrong(t('importUnread')),
    )
  }
  const send = (dry: boolean) => {
    if (!content) {
      setWrong(t('importNothing'))
      return
    }
    const params = { ...content, dry_run: dry, ...(asked ? { [asked]: secret } : {}) }
    run.mutate(params, {
      onError: (error) => setAsked((it) => secretOf(error) ?? it),
    })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send(!worth)
  }
  return (
    <form className="stack-4" onSubmit={submit}>
      {pasted ? (
        <TextArea
          label={t('importText')}
          className="mono"
          rows={6}
          spellCheck={false}
          autoComplete="off"
          error={wrong}
          onChange={(event) => {
            changed()
            setContent(event.target.value.trim() === '' ? null : { content: event.target.value })
          }}
        />
      ) : (
        <Field label={t('importFile')} error={wrong}>
          {(joined) => <input {...joined} type="file" className="input" onChange={choose} />}
        </Field>
      )}
      {asked ? (
        <SecretField
          key={asked}
          autoFocus
          label={t(SECRETS[asked])}
          value={secret}
          error={run.error ? run.error.message : null}
          onChange={(event) => {
            changed()
            setSecret(event.target.value)
          }}
        />
      ) : null}
      {run.error && !secretOf(run.error) ? (
        <Failure title={t('common:failed')} error={run.error} />
      ) : null}
      {report ? (
        <>
          <Notice
            tone={checked ? 'info' : 'ok'}
            title={checked ? t('importDry') : t('importDone')}
          >
            {t('importSum', {
              added: report.added,
              merged: report.merged,
              known: report.known,
              skipped: report.skipped,
            })}
          </Notice>
          <ImportReport lines={report.lines} />
        </>
      ) : null}
      <div className="row wrap end">
        <Button onClick={onClose}>{t('common:close')}</Button>
        {report && !checked ? null : (
          <Button type="submit" variant="primary" busy={run.isPending}>
            {worth ? t('importRun') : t('importCheck')}
          </Button>
        )}
      </div>
    </form>
  )
}

function secretOf(error: UserError): SecretName | null {
  return error.field !== null && Object.hasOwn(SECRETS, error.field)
    ? (error.field as SecretName)
    : null
}
