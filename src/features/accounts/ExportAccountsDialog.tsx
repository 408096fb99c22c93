// Every account as a file: sealed with a passphrase, or in plain text for who insists.
import { type FormEvent, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import type { Methods } from '../../api/shapes'
import { strengthOf } from '../../lib/passphrase'
import { Button } from '../../ui/Button'
import { CopyButton } from '../../ui/CopyButton'
import { Dialog } from '../../ui/Dialog'
import { download } from '../../ui/download'
import { SecretField, SelectField } from '../../ui/Field'
import { Failure, Notice } from '../../ui/Notice'

type Exported = Methods['export_credentials']['result']

const save = (it: Exported) => download(it.file_name, 'application/json', it.content)

export function ExportAccountsDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['accounts', 'common'])
  const formId = useId()
  const [plain, setPlain] = useState(false)
  const [understood, setUnderstood] = useState(false)
  const [passphrase, setPassphrase] = useState('')
  const [again, setAgain] = useState('')
  const [pressed, setPressed] = useState(false)
  const run = useWrite('export_credentials', { timeoutMs: 60_000 })
  const missing = pressed && passphrase.trim() === '' ? t('common:required') : null
  const differs = passphrase !== again && (pressed || again.length >= passphrase.length)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setPressed(true)
    if (plain ? !understood : passphrase.trim() === '' || passphrase !== again) return
    run.mutate(plain ? { plain_secrets: true } : { passphrase }, { onSuccess: save })
  }
  const done = run.data
  return (
    <Dialog
      title={t('backupTitle')}
      onClose={onClose}
      footer={
        done ? (
          <>
            <CopyButton text={done.content} label={t('backupCopy')} />
            <Button onClick={() => save(done)}>{t('backupAgain')}</Button>
            <Button variant="primary" onClick={onClose}>
              {t('common:close')}
            </Button>
          </>
        ) : (
          <>
            <Button onClick={onClose}>{t('common:cancel')}</Button>
            <Button
              type="submit"
              form={formId}
              variant={plain ? 'danger' : 'primary'}
              busy={run.isPending}
              disabledReason={plain && !understood ? t('backupTickFirst') : null}
            >
              {plain ? t('exportPlain') : t('backupRun')}
            </Button>
          </>
        )
      }
    >
      {done ? (
        <Notice
          tone="ok"
          title={t('backupDone', {
            name: done.file_name,
            accounts: done.accounts,
            keys: done.keys,
          })}
        />
      ) : (
        <form id={formId} className="stack-4" onSubmit={submit}>
          <p>{t('backupBody')}</p>
          <SelectField
            label={t('backupHow')}
            value={plain ? 'plain' : 'sealed'}
            onChange={(event) => setPlain(event.target.value === 'plain')}
            options={[
              { value: 'sealed', label: t('backupSealed') },
              { value: 'plain', label: t('backupPlain') },
            ]}
          />
          {plain ? (
            <>
              <Notice tone="warn" title={t('backupPlainWarning')}>
                {t('exportWarningBody')}
              </Notice>
              <label className="row top">
                <input
                  type="checkbox"
                  checked={understood}
                  onChange={(event) => setUnderstood(event.target.checked)}
                />
                {t('backupPlainTick')}
              </label>
            </>
          ) : (
            <>
              <SecretField
                label={t('passphrase')}
                autoComplete="new-password"
                value={passphrase}
                onChange={(event) => setPassphrase(event.target.value)}
                error={missing}
                help={
                  passphrase === ''
                    ? t('passphraseHelp')
                    : t('strength', { name: t(`strength_${strengthOf(passphrase)}`) })
                }
              />
              <SecretField
                label={t('passphraseAgain')}
                autoComplete="new-password"
                value={again}
                onChange={(event) => setAgain(event.target.value)}
                error={differs && !missing ? t('passphraseDiffers') : null}
              />
            </>
          )}
          {run.error ? <Failure title={t('common:failed')} error={run.error} /> : null}
        </form>
      )}
    </Dialog>
  )
}
