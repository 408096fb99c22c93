// One request's life.
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import type { LoggedRequest } from '../../api/shapes'
import { dollars, exact, millis } from '../../lib/format'
import { useWords } from '../../parts/useWords'
import { Badge } from '../../ui/Badge'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Card, Facts, Page } from '../../ui/Page'
import { Link } from '../../ui/router'
import { When } from '../../ui/Time'
import { classOf, kindOf, OUTCOME_TONE } from './outcome'
import { useNames } from './useNames'

export function RequestPage({ id }: { id: string }) {
  const { t } = useTranslation('requests')
  const request = decodeURIComponent(id)
  const read = useRead('get_request', { request_id: request })
  return (
    <Page
      title={t('request')}
      intro={<code>{request}</code>}
      back={<Link to="/requests">‹ {t('all')}</Link>}
    >
      {read.error?.kind === 'not_found' ? (
        <EmptyState title={t('notFound')}>{t('notFoundBody')}</EmptyState>
      ) : (
        <Loaded read={read}>{(it) => <Life request={it} />}</Loaded>
      )}
    </Page>
  )
}

function Life({ request: it }: { request: LoggedRequest }) {
  const { t, i18n } = useTranslation(['requests', 'common'])
  const locale = i18n.language
  const names = useNames()
  const words = useWords()
  const number = (value: number) => exact(value, locale)
  const { usage } = it
  const kind = kindOf(it.outcome)
  const fault = classOf(it.outcome)
  return (
    <>
      <Card>
        <Facts
          items={[
            [
              t('outcome'),
              <Badge key="outcome" tone={OUTCOME_TONE[kind]}>
                {[t(`outcome_${kind}`), fault && words.fault(fault)].filter(Boolean).join(' · ')}
              </Badge>,
            ],
            [t('status'), it.status],
            [t('started'), <When key="started" at={it.started_at} />],
            [t('total'), millis(it.latency_ms, locale)],
            [t('firstToken'), it.first_token_ms == null ? null : millis(it.first_token_ms, locale)],
            [t('dialect'), words.dialect(it.client)],
            [t('endpoint'), it.endpoint ? words.endpoint(it.endpoint) : null],
            [t('asked'), it.model_asked],
            [t('sent'), it.model_sent],
            [t('stream'), it.stream ? t('common:yes') : t('common:no')],
            [t('clientKey'), it.client_key_id ? names.clientKey(it.client_key_id) : t('noClientKey')],
            [t('session'), it.session ? <code key="session">{it.session}</code> : null],
            [t('upstreamId'), it.upstream_request_id ? <code key="up">{it.upstream_request_id}</code> : null],
          ]}
        />
      </Card>
      <Card title={t('tokens')}>
        <Facts
          items={[
            [t('input'), number(usage.input_tokens)],
            [t('cacheRead'), number(usage.cache_read_tokens)],
            [t('cacheWrite'), number(usage.cache_write_5m_tokens + usage.cache_write_1h_tokens)],
            [t('output'), number(usage.output_tokens)],
            [t('reasoning'), number(usage.reasoning_tokens)],
            [t('cost'), dollars(it.cost, locale)],
          ]}
        />
      </Card>
      <Card title={t('attempts')}>
        {it.attempts.length === 0 ? (
          <p className="muted">{t('noAttempts')}</p>
        ) : (
          <ol className="timeline plain stack-3">
            {it.attempts.map((one, index) => (
              <li key={index} className="row wrap">
                <Badge tone={one.class ? 'bad' : 'ok'}>{one.class ? words.fault(one.class) : t('passedOn')}</Badge>
                <strong>
                  {one.credential_id ? (
                    <Link to={`/accounts/${one.credential_id}`}>
                      {names.account(one.credential_id)}
                    </Link>
                  ) : (
                    t('givenKey')
                  )}
                </strong>
                <span className="muted">
                  {one.status ?? t('noAnswer')} · {millis(one.latency_ms, locale)}
                </span>
              </li>
            ))}
          </ol>
        )}
      </Card>
      {it.skipped.length === 0 ? null : (
        <Card title={t('skipped')}>
          <p className="muted">{t('skippedBody')}</p>
          <ul className="plain stack-2">
            {it.skipped.map(({ reason, accounts }) => (
              <li key={reason} className="row wrap">
                <strong>{words.skip(reason)}</strong>
                <span className="muted">{t('accountCount', { count: accounts })}</span>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  )
}
