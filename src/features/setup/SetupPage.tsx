// Settings of clients, filled with this gateway's address and a key.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { useRead } from '../../api/hooks'
import type { Model } from '../../api/shapes'
import { useGatewayUrl } from '../../api/useGatewayUrl'
import { ClientKeyField } from '../../parts/ClientKeyField'
import { NoGateway } from '../../parts/NoGateway'
import { CodeBlock } from '../../ui/CopyButton'
import { Card, Page } from '../../ui/Page'
import { Tabs } from '../../ui/Tabs'
import { type ClientId, CLIENTS, snippets } from './snippets'

const NO_KEY = 'dpk_YOUR_CLIENT_KEY'
const NO_URL = 'http://127.0.0.1:8787'

export function SetupPage() {
  const { t } = useTranslation('setup')
  const url = useGatewayUrl()
  const models = useRead('list_models', {})
  const [key, setKey] = useState('')
  const [tab, setTab] = useState<ClientId>('claude')
  const filled = {
    url: url ?? NO_URL,
    key: key.trim() === '' ? NO_KEY : key.trim(),
    claude: first(models.data, 'anthropic') ?? 'claude-sonnet-4-5-20250929',
    gpt: first(models.data, 'openai') ?? 'gpt-5-2025-08-07',
  }
  return (
    <Page title={t('title')} intro={t('intro')}>
      {url === null ? <NoGateway>{t('noGatewayBody')}</NoGateway> : null}
      <Card>
        <ClientKeyField
          label={t('key')}
          help={t('keyHelp')}
          value={key}
          onChange={setKey}
          make={{
            label: t('makeKey'),
            name: t('keyName', { client: t(`client_${tab}`) }),
            news: t('keyMade'),
          }}
        />
      </Card>
      <Card>
        <Tabs<ClientId>
          label={t('title')}
          value={tab}
          onChange={setTab}
          tabs={CLIENTS.map((it) => ({
            id: it,
            label: t(`client_${it}`),
            content: (
              <div className="stack-4">
                {snippets(it, filled).map((one) => (
                  <CodeBlock key={one.label} label={one.label} text={one.text} />
                ))}
              </div>
            ),
          }))}
        />
      </Card>
    </Page>
  )
}

function first(models: readonly Model[] | undefined, endpoint: string): string | undefined {
  const here = (models ?? []).filter((it) => it.endpoint_type === endpoint)
  return (here.find((it) => /sonnet-4-5|gpt-5-codex/.test(it.id)) ?? here[0])?.id
}
