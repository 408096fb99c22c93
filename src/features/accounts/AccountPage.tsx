// One account: what it is, its keys, and what may be changed.
import { useTranslation } from 'react-i18next'

import { useClient, useRead } from '../../api/hooks'
import type { Account } from '../../api/shapes'
import { exact } from '../../lib/format'
import { useWords } from '../../parts/useWords'
import { Button } from '../../ui/Button'
import { Loaded } from '../../ui/Loaded'
import { EmptyState, Notice } from '../../ui/Notice'
import { Card, Facts, Page } from '../../ui/Page'
import { Link, useRouter } from '../../ui/router'
import { Tabs } from '../../ui/Tabs'
import { Ago, When } from '../../ui/Time'
import { EditAccount } from './EditAccount'
import { HealthBadge } from './HealthBadge'
import { KeyPool } from './KeyPool'
import { StrikesFact } from './StrikesFact'
import { useAccountActions } from './useAccountActions'

export function AccountPage({ id }: { id: string }) {
  const { t } = useTranslation('accounts')
  const read = useRead('get_credential', { credential_id: id }, { everyMs: 5000 })
  const back = <Link to="/accounts">‹ {t('viewAll')}</Link>
  if (read.error?.kind === 'not_found') {
    return (
      <Page title={t('account')} back={back}>
        <EmptyState title={t('notFound')}>{t('notFoundBody')}</EmptyState>
      </Page>
    )
  }
  if (read.data === undefined) {
    return (
      <Page title={t('account')} back={back}>
        <Loaded read={read}>{() => null}</Loaded>
      </Page>
    )
  }
  return <Loaded read={read}>{(account) => <Shown account={account} />}</Loaded>
}

type TabId = 'overview' | 'keys' | 'edit'

function Shown({ account }: { account: Account }) {
  const { t } = useTranslation(['accounts', 'common'])
  const words = useWords()
  const client = useClient()
  const { go, query } = useRouter()
  const actions = useAccountActions(account, () => go('/accounts'))
  const barred = client.readOnly ? t('common:readOnly') : null
  const isPool = account.auth_type === 'api_key'
  const asked = query.get('tab') as TabId | null
  const tab: TabId = asked ?? (isPool ? 'keys' : 'overview')
  return (
    <Page
      title={account.name}
      intro={`${t(`kind_${account.auth_type}`)} · ${words.endpoint(account.endpoint_type)}`}
      back={<Link to="/accounts">‹ {t('viewAll')}</Link>}
      actions={
        <>
          <Button onClick={actions.test} busy={actions.busy} disabledReason={barred}>
            {t('test')}
          </Button>
          <Button
            onClick={actions.refresh}
            disabledReason={barred ?? (isPool ? t('refreshOnlyTokens') : null)}
          >
            {t('refresh')}
          </Button>
          <Button onClick={actions.reset} disabledReason={barred}>
            {t('reset')}
          </Button>
          <Button onClick={() => actions.setEnabled(!account.enabled)} disabledReason={barred}>
            {account.enabled ? t('disable') : t('enable')}
          </Button>
          <Button variant="danger" onClick={actions.remove} disabledReason={barred}>
            {t('delete')}
          </Button>
        </>
      }
    >
      {account.health === 'needs_login' ? (
        <Notice
          tone="bad"
          title={t('health_needs_login')}
          action={
            <Button
              variant="primary"
              onClick={() =>
                go(`/accounts/new?again=${account.id}&name=${encodeURIComponent(account.name)}`)
              }
            >
              {t('signInAgain')}
            </Button>
          }
        >
          {account.error}
        </Notice>
      ) : null}
      <Tabs<TabId>
        label={account.name}
        value={tab}
        onChange={(it) => go(`/accounts/${account.id}?tab=${it}`, { replace: true })}
        tabs={[
          ...(isPool
            ? [{ id: 'keys' as const, label: t('keys'), content: <KeyPool account={account} /> }]
            : []),
          { id: 'overview', label: t('overview'), content: <Overview account={account} /> },
          { id: 'edit', label: t('edit'), content: <EditAccount account={account} /> },
        ]}
      />
    </Page>
  )
}

function Overview({ account }: { account: Account }) {
  const { t, i18n } = useTranslation(['accounts', 'common'])
  const number = (it: number) => exact(it, i18n.language)
  return (
    <Card>
      <Facts
        items={[
          [t('health'), <HealthBadge key="health" account={account} long />],
          [t('owner'), [account.owner_name, account.owner_email].filter(Boolean).join(' · ')],
          [t('organization'), account.organization_id],
          [t('userId'), account.user_id],
          [t('priority'), account.priority],
          [t('groups'), account.groups.join(', ') || t('noGroup')],
          [t('schedulable'), account.schedulable ? t('common:yes') : t('common:no')],
          [
            t('concurrency'),
            account.max_concurrency === 0 ? t('common:unlimited') : number(account.max_concurrency),
          ],
          [t('proxy'), account.proxy],
          [t('userAgent'), account.user_agent],
          [t('expiry'), account.subscription_expires_at ? <When key="expiry" at={account.subscription_expires_at} /> : null],
          [t('tokenExpiry'), account.expires_at ? <Ago key="token" at={account.expires_at} /> : null],
          [t('lastRefresh'), account.last_refresh_at ? <Ago key="refresh" at={account.last_refresh_at} /> : null],
          [t('lastUsed'), <Ago key="used" at={account.last_used_at} />],
          [t('created'), <When key="created" at={account.created_at} />],
          [
            t('used'),
            `${t('requests', { count: account.uses })} · ${t('tokens', { n: number(account.tokens_used) })}`,
          ],
          [t('budget'), account.token_budget == null ? null : number(account.token_budget)],
          [
            t('faults'),
            account.strikes?.length ? <StrikesFact key="faults" strikes={account.strikes} /> : null,
          ],
          [
            t('modelPauses'),
            account.model_cooling?.length ? (
              <ul key="models" className="plain">
                {account.model_cooling.map((it) => (
                  <li key={it.model}>
                    {it.model} · <Ago at={it.until} />
                  </li>
                ))}
              </ul>
            ) : null,
          ],
          [t('id'), <code key="id">{account.id}</code>],
        ]}
      />
    </Card>
  )
}
