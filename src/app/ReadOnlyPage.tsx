// No connection: what the host knows, and how to get one.
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { toUserError, type UserError } from '../api/errors'
import { listHostCredentials } from '../api/readOnly'
import type { HostCredential } from '../api/readOnly'
import type { Reason } from '../api/transport'
import { Button } from '../ui/Button'
import { Loaded } from '../ui/Loaded'
import { Notice } from '../ui/Notice'
import { Card, Page } from '../ui/Page'
import { Looks } from './Shell'

export function ReadOnlyPage({
  sdk,
  reasons,
  busy,
  onAgain,
  onChange,
}: {
  sdk: HostSdk
  reasons: readonly Reason[]
  busy: boolean
  onAgain: () => void
  onChange: () => void
}) {
  const { t } = useTranslation('app')
  const read = useQuery<HostCredential[], UserError>({
    queryKey: ['host_credentials'],
    queryFn: () =>
      listHostCredentials(sdk).catch((error: unknown) => {
        throw toUserError(error)
      }),
    networkMode: 'always',
    retry: false,
  })
  return (
    <main className="main">
      <Page
        title={t('product')}
        actions={
          <>
            <Looks />
            <Button onClick={onChange}>{t('change')}</Button>
            <Button variant="primary" busy={busy} onClick={onAgain}>
              {t('reconnect')}
            </Button>
          </>
        }
      >
        <Notice tone="warn" title={t('readOnlyTitle')}>
          <p>{t('readOnlyBody')}</p>
          <ol>
            <li>{t('step_rpc')}</li>
            <li>{t('step_gateway')}</li>
          </ol>
          <ul className="plain small muted">
            {reasons.map((it) => (
              <li key={it.way}>{t(`why_${it.way}`, { message: it.message })}</li>
            ))}
          </ul>
        </Notice>
        <Card title={t('hostAccounts')}>
          <Loaded read={read}>{(rows) => <HostTable rows={rows} />}</Loaded>
        </Card>
      </Page>
    </main>
  )
}

function HostTable({ rows }: { rows: readonly HostCredential[] }) {
  const { t } = useTranslation(['app', 'accounts', 'common'])
  if (rows.length === 0) return <p className="muted">{t('hostNone')}</p>
  return (
    <div className="scroll-x" role="region" aria-label={t('hostAccounts')} tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('common:name')}</th>
            <th scope="col">{t('accounts:kind')}</th>
            <th scope="col">{t('common:status')}</th>
            <th scope="col">{t('accounts:error')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((it) => (
            <tr key={it.id}>
              <th scope="row">{it.name || it.id}</th>
              <td>{it.authType}</td>
              <td>{it.status}</td>
              <td>{it.lastError ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
