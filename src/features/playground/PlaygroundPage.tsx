// A message to any model in any protocol, and its answer as it arrives.
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Dialect, DIALECTS } from '../../api/llm'
import { useRead } from '../../api/hooks'
import { useGatewayUrl } from '../../api/useGatewayUrl'
import { millis } from '../../lib/format'
import { ClientKeyField } from '../../parts/ClientKeyField'
import { NoGateway } from '../../parts/NoGateway'
import { useWords } from '../../parts/useWords'
import { Badge } from '../../ui/Badge'
import { Button } from '../../ui/Button'
import { ChoiceField, TextArea, TextField } from '../../ui/Field'
import { Notice } from '../../ui/Notice'
import { Card, Page } from '../../ui/Page'
import { type Run, useRun } from './useRun'

export function PlaygroundPage() {
  const { t } = useTranslation(['playground', 'common'])
  const words = useWords()
  const url = useGatewayUrl()
  const models = useRead('list_models', {})
  const modelsId = useId()
  const { run, start, stop } = useRun()
  const [dialect, setDialect] = useState<Dialect>('anthropic')
  const [model, setModel] = useState('')
  const [system, setSystem] = useState('')
  const [message, setMessage] = useState('')
  const [maxTokens, setMaxTokens] = useState('1024')
  const [clientKey, setClientKey] = useState('')
  const chosen = model === '' ? (models.data?.[0]?.id ?? '') : model
  const tokens = Number(maxTokens)
  const badTokens = !/^[1-9]\d*$/.test(maxTokens.trim())
  const reason =
    url === null
      ? t('common:noGateway')
      : clientKey.trim() === ''
        ? t('needsKey')
        : message.trim() === ''
          ? t('needsMessage')
          : badTokens
            ? t('common:number')
            : null
  const submit = () => {
    if (reason) return
    void start(url, {
      dialect,
      model: chosen,
      system: system.trim(),
      message,
      maxTokens: tokens,
      clientKey: clientKey.trim(),
    })
  }
  return (
    <Page title={t('title')} intro={t('intro')}>
      {url === null ? <NoGateway>{t('noGatewayBody')}</NoGateway> : null}
      <div className="halves">
        <Card title={t('request')}>
          <form
            className="stack-4"
            onSubmit={(event) => {
              event.preventDefault()
              submit()
            }}
          >
            <div className="fields">
              <ChoiceField
                label={t('dialect')}
                value={dialect}
                onChoose={setDialect}
                options={DIALECTS.map((it) => ({ value: it, label: words.dialect(it) }))}
              />
              <TextField
                label={t('model')}
                list={modelsId}
                autoComplete="off"
                placeholder={models.data?.[0]?.id}
                value={model}
                onChange={(event) => setModel(event.target.value)}
              />
              <datalist id={modelsId}>
                {(models.data ?? []).map((it) => (
                  <option key={it.id} value={it.id}>
                    {it.display_name}
                  </option>
                ))}
              </datalist>
              <TextField
                label={t('maxTokens')}
                inputMode="numeric"
                value={maxTokens}
                error={badTokens ? t('common:number') : null}
                onChange={(event) => setMaxTokens(event.target.value)}
              />
            </div>
            <ClientKeyField
              label={t('clientKey')}
              help={t('clientKeyHelp')}
              value={clientKey}
              onChange={setClientKey}
              make={{
                label: t('makeKey'),
                name: t('keyName'),
                news: t('keyMade'),
                lastsMs: 3_600_000,
              }}
            />
            <TextField
              label={t('system')}
              optional
              autoComplete="off"
              value={system}
              onChange={(event) => setSystem(event.target.value)}
            />
            <TextArea
              label={t('message')}
              rows={4}
              value={message}
              onChange={(event) => setMessage(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit()
              }}
            />
            <div className="row wrap">
              <Button
                type="submit"
                variant="primary"
                icon="playground"
                busy={run.state === 'running'}
                disabledReason={run.state === 'running' ? null : reason}
              >
                {t('send')}
              </Button>
              {run.state === 'running' ? (
                <Button icon="stop" onClick={stop}>
                  {t('stop')}
                </Button>
              ) : null}
            </div>
          </form>
        </Card>
        <Answer run={run} />
      </div>
    </Page>
  )
}

const TONE = { idle: 'plain', running: 'info', done: 'ok', failed: 'bad', stopped: 'warn' } as const

function Answer({ run }: { run: Run }) {
  const { t, i18n } = useTranslation('playground')
  const { text, thinking, events } = run
  return (
    <Card title={t('answer')} actions={<Badge tone={TONE[run.state]}>{t(`state_${run.state}`)}</Badge>}>
      {run.error ? (
        <Notice tone="bad" title={t('failed')}>
          {run.error}
        </Notice>
      ) : null}
      <div className="transcript" role="region" aria-label={t('answer')} tabIndex={0}>
        {thinking === '' ? null : <p className="thinking">{thinking}</p>}
        {text === '' && thinking === '' ? <span className="muted">{t('nothingYet')}</span> : text}
      </div>
      <div className="row wrap small muted" role="status">
        {run.firstMs === null ? null : (
          <span>{t('first', { time: millis(run.firstMs, i18n.language) })}</span>
        )}
        {run.totalMs === null ? null : (
          <span>{t('total', { time: millis(run.totalMs, i18n.language) })}</span>
        )}
        {run.input === null ? null : <span>{t('inputTokens', { n: run.input })}</span>}
        {run.output === null ? null : <span>{t('outputTokens', { n: run.output })}</span>}
        {run.stop === null ? null : <span>{t('stopReason', { reason: run.stop })}</span>}
      </div>
      {events.length === 0 ? null : (
        <details>
          <summary>{t('events', { count: run.eventCount })}</summary>
          <pre className="transcript mono" tabIndex={0} role="region" aria-label={t('events', { count: run.eventCount })}>
            {events.join('\n')}
          </pre>
        </details>
      )}
    </Card>
  )
}
