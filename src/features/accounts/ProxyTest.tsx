// Tries the proxy as it stands in the form, before it is saved.
import type { UseFormReturn } from 'react-hook-form'
import { useWatch } from 'react-hook-form'
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import { millis } from '../../lib/format'
import { Button } from '../../ui/Button'
import { type AccountForm, proxyOf } from './accountForm'

export function ProxyTest({ form }: { form: UseFormReturn<AccountForm> }) {
  const { t, i18n } = useTranslation('accounts')
  const kind = useWatch({ control: form.control, name: 'proxy_kind' })
  const test = useWrite('test_proxy')
  if (kind === '' || kind === 'keep') return null
  const run = async () => {
    const fields = ['proxy_kind', 'proxy_host', 'proxy_port'] as const
    if (!(await form.trigger(fields))) return
    const proxy = proxyOf(form.getValues())
    if (proxy !== null && proxy !== 'keep') test.mutate({ proxy })
  }
  return (
    <div className="row wrap" aria-live="polite">
      <Button icon="plug" busy={test.isPending} onClick={() => void run()}>
        {t('proxyTest')}
      </Button>
      {test.data ? (
        <span className={test.data.ok ? 'good' : 'wrong'}>
          {test.data.ok
            ? t('proxyOk', { latency: millis(test.data.latency_ms, i18n.language) })
            : t('proxyBad', { message: test.data.message })}
        </span>
      ) : test.error ? (
        <span className="wrong">{t('proxyBad', { message: test.error.message })}</span>
      ) : null}
    </div>
  )
}
