// Which gateway the host's page should talk to when the plugin's process does not answer.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { toUserError } from '../api/errors'
import { connectGateway, forgetAddress, saveAddress } from '../api/gateway'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { SecretField, TextField } from '../ui/Field'
import { Notice } from '../ui/Notice'

export function GatewayDialog({
  sdk,
  onClose,
  onSaved,
}: {
  sdk: HostSdk
  onClose: () => void
  onSaved: () => void
}) {
  const { t } = useTranslation(['app', 'common'])
  const [url, setUrl] = useState('http://127.0.0.1:8787')
  const [adminKey, setAdminKey] = useState('')
  const [state, setState] = useState<{ busy: boolean; error: string | null }>({
    busy: false,
    error: null,
  })
  const good = /^https?:\/\/[^\s/]+/.test(url.trim())
  const run = async (work: () => Promise<unknown>) => {
    setState({ busy: true, error: null })
    try {
      await work()
      onSaved()
    } catch (error) {
      setState({ busy: false, error: toUserError(error).message })
    }
  }
  const connect = () =>
    run(async () => {
      const address = { url: url.trim(), adminKey: adminKey.trim() }
      await connectGateway(sdk, address)
      await saveAddress(sdk, address)
    })
  return (
    <Dialog
      title={t('change')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={() => void run(() => forgetAddress(sdk))}>{t('forget')}</Button>
          <Button onClick={onClose}>{t('common:cancel')}</Button>
          <Button
            variant="primary"
            busy={state.busy}
            onClick={() => void connect()}
            disabledReason={
              !good ? t('gatewayUrlBad') : adminKey.trim() === '' ? t('common:required') : null
            }
          >
            {t('connect')}
          </Button>
        </>
      }
    >
      <TextField
        label={t('gatewayUrl')}
        value={url}
        onChange={(event) => setUrl(event.target.value)}
        error={good ? null : t('gatewayUrlBad')}
      />
      <SecretField
        label={t('adminKey')}
        help={`${t('adminKeyHelp')} ${t('gatewayKeep')}`}
        value={adminKey}
        onChange={(event) => setAdminKey(event.target.value)}
      />
      {state.error ? (
        <Notice tone="bad" title={t('common:failed')}>
          {state.error}
        </Notice>
      ) : null}
    </Dialog>
  )
}
