// The log of requests, live, with filters.
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { LoggedRequest, RequestFilter } from '../../api/shapes'
import { clockTime, count, dayOf, dollars, isToday, millis, moment } from '../../lib/format'
import { useWords } from '../../parts/useWords'
import { Badge } from '../../ui/Badge'
import { Button } from '../../ui/Button'
import { SelectField, SwitchField, TextField } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { Link } from '../../ui/router'
import { type Column, VirtualTable } from '../../ui/VirtualTable'
import { classOf, kindOf, OUTCOME_TONE, OUTCOMES } from './outcome'
import { useLog } from './useLog'
import { useNames } from './useNames'

const NO_FILTER = { outcome: '', model: '', credential_id: '', client_key_id: '' }

export function RequestsPage() {
  const { t } = useTranslation(['requests', 'common'])
  const [chosen, setChosen] = useState(NO_FILTER)
  const [live, setLive] = useState(true)
  const filter = useMemo<RequestFilter>(
    () => Object.fromEntries(Object.entries(chosen).filter(([, it]) => it.trim() !== '')),
    [chosen],
  )
  const filtered = Object.keys(filter).length > 0
  const names = useNames()
  const { pages, rows } = useLog(filter, live)
  const set = (name: keyof typeof NO_FILTER) => (event: { target: { value: string } }) =>
    setChosen((it) => ({ ...it, [name]: event.target.value }))
  const any = { value: '', label: t('common:all') }
  return (
    <Page wide="rows"
      title={t('title')}
      intro={t('intro')}
      actions={<SwitchField label={t('live')} help={t('liveHelp')} checked={live} onChange={setLive} />}
    >
      <div className="filters" role="search">
        <TextField
          type="search"
          label={t('filterModel')}
          value={chosen.model}
          onChange={set('model')}
        />
        <SelectField
          label={t('filterOutcome')}
          value={chosen.outcome}
          onChange={set('outcome')}
          options={[any, ...OUTCOMES.map((it) => ({ value: it, label: t(`outcome_${it}`) }))]}
        />
        <SelectField
          label={t('filterAccount')}
          value={chosen.credential_id}
          onChange={set('credential_id')}
          options={[any, ...names.accounts.map((it) => ({ value: it.id, label: it.name }))]}
        />
        <SelectField
          label={t('filterKey')}
          value={chosen.client_key_id}
          onChange={set('client_key_id')}
          options={[any, ...names.clientKeys.map((it) => ({ value: it.id, label: it.name }))]}
        />
      </div>
      <Loaded read={pages} lines={6}>
        {() =>
          rows.length === 0 ? (
            filtered ? (
              <EmptyState
                title={t('noMatch')}
                action={<Button onClick={() => setChosen(NO_FILTER)}>{t('clear')}</Button>}
              />
            ) : (
              <EmptyState title={t('empty')}>{t('emptyBody')}</EmptyState>
            )
          ) : (
            <div className="stack-3">
              <span role="status" className="muted">
                {t('shown', { count: rows.length })}
              </span>
              <LogTable
                rows={rows}
                onEnd={() => {
                  if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage()
                }}
              />
              {pages.hasNextPage ? (
                <div>
                  <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                    {t('older')}
                  </Button>
                </div>
              ) : null}
            </div>
          )
        }
      </Loaded>
    </Page>
  )
}

function LogTable({ rows, onEnd }: { rows: readonly LoggedRequest[]; onEnd: () => void }) {
  const { t, i18n } = useTranslation('requests')
  const locale = i18n.language
  const names = useNames()
  const words = useWords()
  const columns: Column<LoggedRequest>[] = [
    {
      id: 'started',
      head: t('started'),
      width: 'minmax(0, 1fr)',
      cell: (it) => (
        <Link to={`/requests/${encodeURIComponent(it.id)}`}>
          <time dateTime={it.started_at} title={moment(it.started_at, locale)}>
            {clockTime(it.started_at, locale)}
            {isToday(it.started_at) ? null : (
              <span className="small muted"> {dayOf(it.started_at, locale)}</span>
            )}
          </time>
        </Link>
      ),
    },
    {
      id: 'model',
      head: t('model'),
      width: 'minmax(0, 2fr)',
      cell: (it) => (
        <div className="stack-1">
          <span className="clip">{it.model_asked}</span>
          <span className="small muted clip">
            {words.dialect(it.client)}
            {it.model_sent && it.model_sent !== it.model_asked ? ` → ${it.model_sent}` : ''}
          </span>
        </div>
      ),
    },
    {
      id: 'outcome',
      head: t('outcome'),
      width: 'minmax(10rem, 1.2fr)',
      cell: (it) => (
        <div className="stack-1">
          <Badge tone={OUTCOME_TONE[kindOf(it.outcome)]}>
            {t(`outcome_${kindOf(it.outcome)}`)} {it.status}
          </Badge>
          <Fault outcome={it.outcome} />
        </div>
      ),
    },
    {
      id: 'account',
      head: t('account'),
      width: 'minmax(0, 1.3fr)',
      cell: (it) => {
        const last = it.attempts.at(-1)
        return (
          <div className="stack-1">
            <span className="clip">
              {last?.credential_id ? names.account(last.credential_id) : last ? t('givenKey') : '–'}
            </span>
            {it.attempts.length > 1 ? (
              <span className="small muted">{t('attempts', { count: it.attempts.length })}</span>
            ) : null}
          </div>
        )
      },
    },
    {
      id: 'tokens',
      head: t('tokens'),
      width: 'minmax(9.5rem, 1.3fr)',
      cell: (it) => (
        <div className="stack-1">
          <span>
            {t('inOut', {
              input: count(it.usage.input_tokens + it.usage.cache_read_tokens, locale),
              output: count(it.usage.output_tokens, locale),
            })}
          </span>
          <span className="small muted">{dollars(it.cost, locale)}</span>
        </div>
      ),
    },
    {
      id: 'timing',
      head: t('timing'),
      width: 'minmax(0, 1.2fr)',
      cell: (it) => (
        <div className="stack-1">
          <span>{millis(it.latency_ms, locale)}</span>
          {it.first_token_ms == null ? null : (
            <span className="small muted">
              {t('first', { time: millis(it.first_token_ms, locale) })}
            </span>
          )}
        </div>
      ),
    },
  ]
  return (
    <VirtualTable
      label={t('title')}
      rows={rows}
      columns={columns}
      rowKey={(it) => it.id}
      rowHeight={60}
      onEnd={onEnd}
    />
  )
}

/** What an error was about. */
function Fault({ outcome }: { outcome: string }) {
  const words = useWords()
  const fault = classOf(outcome)
  if (fault === null) return null
  // Rows of one height: what comes in above then pushes nothing away.
  return (
    <span className="small muted clip" title={words.fault(fault)}>
      {words.fault(fault)}
    </span>
  )
}
