// Every value of the configuration, and the tables it holds.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import { Loaded } from '../../ui/Loaded'
import { Page } from '../../ui/Page'
import { Tabs } from '../../ui/Tabs'
import { ModelsTable } from './ModelsTable'
import { ProxiesTable } from './ProxiesTable'
import { RedirectsTable } from './RedirectsTable'
import { SettingsForm } from './SettingsForm'

type TabId = 'values' | 'models' | 'redirects' | 'proxies'

export function SettingsPage() {
  const { t } = useTranslation('settings')
  const config = useRead('get_config', {})
  const schema = useRead('config_schema', {})
  const [tab, setTab] = useState<TabId>('values')
  return (
    <Page title={t('title')} intro={t('intro')}>
      <Loaded read={config} lines={8}>
        {(shown) => (
          <Loaded read={schema} lines={8}>
            {(fields) => (
              <Tabs<TabId>
                label={t('title')}
                value={tab}
                onChange={setTab}
                tabs={[
                  {
                    id: 'values',
                    label: t('values'),
                    content: <SettingsForm shown={shown} schema={fields} />,
                  },
                  { id: 'models', label: t('models'), content: <ModelsTable shown={shown} /> },
                  {
                    id: 'redirects',
                    label: t('redirects'),
                    content: <RedirectsTable shown={shown} />,
                  },
                  { id: 'proxies', label: t('proxies'), content: <ProxiesTable shown={shown} /> },
                ]}
              />
            )}
          </Loaded>
        )}
      </Loaded>
    </Page>
  )
}
