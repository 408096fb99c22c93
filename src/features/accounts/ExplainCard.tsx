// In which order accounts would be asked, and why not the others.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import type { Methods } from '../../api/shapes'
import { moment } from '../../lib/format'
import { useWords } from '../../parts/useWords'
import { Badge } from '../../ui/Badge'
import { SelectField } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Card } from '../../ui/Page'

type Considered = Methods['explain_selection']['result']['accounts'][number]

export function ExplainCard() {
  const { t } = useTranslation('accounts')
  const models = useRead('list_models', {})
  const [chosen, setChosen] = useState<string | null>(null)
  const model = chosen ?? models.data?.[0]?.id ?? ''
  const read = useRead('explain_selection', { model }, { enabled: model !== '', keep: true })
  return (
    <Card title={t('explain')}>
      <p className="muted">{t('explainBody')}</p>
      <SelectField
        label={t('explainModel')}
        value={model}
        onChange={(event) => setChosen(event.target.value)}
        options={(models.data ?? []).map((it) => ({ value: it.id, label: it.display_name }))}
      />
      <Loaded read={read}>
        {({ accounts }) =>
          accounts.length === 0 ? (
            <EmptyState title={t('empty')} />
          ) : (
            <ol className="plain stack-2">
              {accounts.map((it) => (
                <li key={it.account} className="row top order">
                  <Badge tone={it.position === null ? 'plain' : 'ok'}>{it.position ?? '–'}</Badge>
                  <div className="grow">
                    <strong>{it.name}</strong> <Why account={it} />
                    <LeftOut keys={it.skipped_keys ?? []} />
                  </div>
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
    </Card>
  )
}

function Why({ account: { skipped, probe, sticky, strikes } }: { account: Considered }) {
  const { t, i18n } = useTranslation('accounts')
  const words = useWords()
  const said: string[] = []
  if (probe) said.push(t('explainProbe'))
  if (sticky) said.push(t('explainSticky'))
  if (skipped) said.push(words.skip(skipped.reason))
  if (skipped && 'until' in skipped) {
    const time = moment(new Date(skipped.until).toISOString(), i18n.language)
    said.push(t('coolingUntil', { time }))
  }
  if (skipped && 'why' in skipped) said.push(skipped.why)
  if (strikes && strikes.length > 0) said.push(t('strikes', { count: strikes.length }))
  return <span className="muted">{said.join(' · ')}</span>
}

/** Keys of a pool that would not be used, and why. */
function LeftOut({ keys }: { keys: NonNullable<Considered['skipped_keys']> }) {
  const { t, i18n } = useTranslation('accounts')
  const words = useWords()
  if (keys.length === 0) return null
  return (
    <details className="small">
      <summary>{t('explainKeys', { count: keys.length })}</summary>
      <ul className="plain stack-1">
        {keys.map((it) => (
          <li key={it.id}>
            <code>{it.tail}</code>{' '}
            <span className="muted">
              {[
                words.skip(it.reason),
                it.until ? t('coolingUntil', { time: moment(it.until, i18n.language) }) : '',
                it.strikes?.length ? t('strikes', { count: it.strikes.length }) : '',
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </li>
        ))}
      </ul>
    </details>
  )
}
