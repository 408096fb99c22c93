// Every account: found, filtered, sorted, acted upon.
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useClient, useRead } from '../../api/hooks'
import type { Account } from '../../api/shapes'
import { toCsv } from '../../lib/csv'
import { useWords } from '../../parts/useWords'
import { Button } from '../../ui/Button'
import { download } from '../../ui/download'
import { SelectField, TextField } from '../../ui/Field'
import { Loaded } from '../../ui/Loaded'
import { EmptyState } from '../../ui/Notice'
import { Page } from '../../ui/Page'
import { useRouter } from '../../ui/router'
import type { Sort } from '../../ui/VirtualTable'
import { AccountTable } from './AccountTable'
import { compare, type Filters, matches, NO_FILTERS, type SortBy, UNGROUPED } from './accountState'
import { ExportAccountsDialog } from './ExportAccountsDialog'
import { ImportDialog } from './ImportDialog'
import { useTodayByAccount } from './useToday'

const HEALTHS = ['healthy', 'cooling', 'needs_login', 'error', 'no_keys', 'expired', 'disabled'] as const
const KINDS = ['workos_oauth', 'manual', 'api_key'] as const
const ENDPOINTS = ['anthropic', 'openai', 'comm', 'google'] as const

export function AccountsPage() {
  const { t } = useTranslation(['accounts', 'common'])
  const client = useClient()
  const { go } = useRouter()
  const read = useRead('list_credentials', {}, { everyMs: 5000 })
  const [open, setOpen] = useState<'import' | 'export' | null>(null)
  const barred = client.readOnly ? t('common:readOnly') : null
  return (
    <Page wide="rows"
      title={t('title')}
      intro={t('intro')}
      actions={
        <>
          <Button onClick={() => setOpen('import')} disabledReason={barred}>
            {t('import')}
          </Button>
          <Button onClick={() => setOpen('export')} disabledReason={barred}>
            {t('backup')}
          </Button>
          <Button
            variant="primary"
            icon="plus"
            onClick={() => go('/accounts/new')}
            disabledReason={barred}
          >
            {t('add')}
          </Button>
        </>
      }
    >
      <Loaded read={read} lines={6}>
        {(accounts) =>
          accounts.length === 0 ? (
            <EmptyState
              title={t('empty')}
              action={
                <Button variant="primary" icon="plus" onClick={() => go('/accounts/new')}>
                  {t('add')}
                </Button>
              }
            >
              {t('emptyBody')}
            </EmptyState>
          ) : (
            <AccountList accounts={accounts} />
          )
        }
      </Loaded>
      {open === 'import' ? <ImportDialog onClose={() => setOpen(null)} /> : null}
      {open === 'export' ? <ExportAccountsDialog onClose={() => setOpen(null)} /> : null}
    </Page>
  )
}

function AccountList({ accounts }: { accounts: readonly Account[] }) {
  const { t } = useTranslation(['accounts', 'common'])
  const words = useWords()
  const [filters, setFilters] = useState<Filters>(NO_FILTERS)
  const [sort, setSort] = useState<Sort>({ by: 'name', down: false })
  const today = useTodayByAccount()
  const rows = useMemo(() => {
    const found = accounts.filter((it) => matches(it, filters))
    found.sort(compare(sort.by as SortBy, (id) => today.get(id)?.requests ?? 0))
    return sort.down ? found.reverse() : found
  }, [accounts, filters, sort, today])
  const groups = useMemo(
    () => [...new Set(accounts.flatMap((it) => it.groups))].sort(),
    [accounts],
  )
  const set = (name: keyof Filters) => (event: { target: { value: string } }) =>
    setFilters((it) => ({ ...it, [name]: event.target.value }))
  const any = { value: '', label: t('common:all') }
  const save = () => {
    const head = ['id', 'name', 'kind', 'endpoint', 'health', 'priority', 'groups', 'owner', 'organization', 'requests', 'tokens', 'last used', 'expires']
    const body = rows.map((it) => [it.id, it.name, it.auth_type, it.endpoint_type, it.health, it.priority, it.groups.join(' '), it.owner_email, it.organization_id, it.uses, it.tokens_used, it.last_used_at, it.subscription_expires_at])
    download('accounts.csv', 'text/csv', toCsv(head, body))
  }
  return (
    <div className="stack-4">
      <div className="filters" role="search">
        <TextField
          type="search"
          label={t('common:search')}
          placeholder={t('searchLabel')}
          value={filters.search}
          onChange={set('search')}
        />
        <SelectField
          label={t('filterHealth')}
          value={filters.health}
          onChange={set('health')}
          options={[any, ...HEALTHS.map((it) => ({ value: it, label: t(`health_${it}`) }))]}
        />
        <SelectField
          label={t('filterKind')}
          value={filters.kind}
          onChange={set('kind')}
          options={[any, ...KINDS.map((it) => ({ value: it, label: t(`kind_${it}`) }))]}
        />
        <SelectField
          label={t('filterEndpoint')}
          value={filters.endpoint}
          onChange={set('endpoint')}
          options={[any, ...ENDPOINTS.map((it) => ({ value: it, label: words.endpoint(it) }))]}
        />
        <SelectField
          label={t('filterGroup')}
          value={filters.group}
          onChange={set('group')}
          options={[
            any,
            ...groups.map((it) => ({ value: it, label: it })),
            { value: UNGROUPED, label: t('noGroup') },
          ]}
        />
      </div>
      <div className="row between wrap">
        <span role="status" className="muted">
          {t('shown', { count: rows.length })}
        </span>
        <Button variant="ghost" small onClick={save}>
          {t('export')}
        </Button>
      </div>
      {rows.length === 0 ? (
        <EmptyState
          title={t('noMatch')}
          action={<Button onClick={() => setFilters(NO_FILTERS)}>{t('clear')}</Button>}
        >
          {t('noMatchBody')}
        </EmptyState>
      ) : (
        <AccountTable rows={rows} today={today} sort={sort} onSort={setSort} />
      )}
    </div>
  )
}
