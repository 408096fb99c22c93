// Which page an address is.
import { useTranslation } from 'react-i18next'

import { AccountPage } from '../features/accounts/AccountPage'
import { AccountsPage } from '../features/accounts/AccountsPage'
import { AddAccountPage } from '../features/accounts/AddAccountPage'
import { GroupsPage } from '../features/accounts/GroupsPage'
import { ClientKeysPage } from '../features/clientKeys/ClientKeysPage'
import { DashboardPage } from '../features/dashboard/DashboardPage'
import { MaintenancePage } from '../features/maintenance/MaintenancePage'
import { PlaygroundPage } from '../features/playground/PlaygroundPage'
import { RequestPage } from '../features/requests/RequestPage'
import { RequestsPage } from '../features/requests/RequestsPage'
import { SettingsPage } from '../features/settings/SettingsPage'
import { SetupPage } from '../features/setup/SetupPage'
import { EmptyState } from '../ui/Notice'
import { Page } from '../ui/Page'
import { Link, useRouter } from '../ui/router'

export function Pages() {
  const { t } = useTranslation('app')
  const { path } = useRouter()
  const [first = '', second, ...more] = path.split('/').filter((it) => it !== '')
  if (more.length === 0) {
    switch (first) {
      case '':
        return <DashboardPage />
      case 'accounts':
        if (second === undefined) return <AccountsPage />
        return second === 'new' ? <AddAccountPage /> : <AccountPage key={second} id={second} />
      case 'groups':
        return <GroupsPage />
      case 'client-keys':
        return <ClientKeysPage />
      case 'requests':
        return second === undefined ? <RequestsPage /> : <RequestPage key={second} id={second} />
      case 'playground':
        return <PlaygroundPage />
      case 'settings':
        return <SettingsPage />
      case 'maintenance':
        return <MaintenancePage />
      case 'setup':
        return <SetupPage />
    }
  }
  return (
    <Page title={t('notFound')}>
      <EmptyState title={t('notFound')} action={<Link to="/">{t('home')}</Link>} />
    </Page>
  )
}
