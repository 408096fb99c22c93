// In which order accounts would be asked, and why not the others.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { Badge } from '../../ui/Badge'
import { SelectField } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Card } from '../../ui/Page'

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
                <li key={it.account} className="row wrap">
                  <Badge tone={it.position === null ? 'plain' : 'ok'}>{it.position ?? '–'}</Badge>
                  <strong>{it.name}</strong>
                  <span className="muted">{it.sentence}</span>
                </li>
              ))}
            </ol>
          )
        }
      </Loaded>
    </Card>
  )
}
