// Proxies for accounts without one of their own, taken in turn.
import { useTranslation } from 'react-i18next'

import { useWrite } from '../../api/hooks'
import type { ConfigShown } from '../../api/shapes'
import { millis } from '../../lib/format'
import { problem } from '../../lib/problem'
import { Button } from '../../ui/Button'
import { TextField } from '../../ui/Field'
import { RowsEditor } from './RowsEditor'

interface Row {
  name: string
  url: string
}

export function ProxiesTable({ shown }: { shown: ConfigShown }) {
  const { t } = useTranslation(['settings', 'common'])
  return (
    <RowsEditor<Row>
      shown={shown}
      path="proxies"
      title={t('proxies')}
      about={t('proxiesAbout')}
      addLabel={t('proxyAdd')}
      empty={{ name: '', url: '' }}
      read={(config) => config.proxies.map((it) => ({ name: it.name ?? '', url: it.url }))}
      write={(rows) =>
        rows.map((it) => ({
          url: it.url.trim(),
          ...(it.name.trim() === '' ? {} : { name: it.name.trim() }),
        }))
      }
      columns={[t('common:name'), t('proxyUrl'), t('proxyTest')]}
      check={(row) =>
        /^(https?|socks5h?):\/\/[^\s]+$/.test(row.url.trim()) ? null : problem('settings:badProxy')
      }
      nameOf={(row) => row.name || row.url}
      cells={(row, set) => [
        <TextField
          key="name"
          label={t('common:name')}
          hideLabel
          autoComplete="off"
          value={row.name}
          onChange={(event) => set({ ...row, name: event.target.value })}
        />,
        <TextField
          key="url"
          label={t('proxyUrl')}
          hideLabel
          placeholder="socks5://user:password@host:1080"
          autoComplete="off"
          spellCheck={false}
          value={row.url}
          onChange={(event) => set({ ...row, url: event.target.value })}
        />,
        <TestProxy key="test" url={row.url.trim()} />,
      ]}
    />
  )
}

function TestProxy({ url }: { url: string }) {
  const { t, i18n } = useTranslation(['settings', 'common'])
  const test = useWrite('test_proxy')
  const it = test.data
  return (
    <div className="stack-1" aria-live="polite">
      <Button
        small
        busy={test.isPending}
        disabledReason={url === '' ? t('common:required') : null}
        onClick={() => test.mutate({ proxy: url })}
      >
        {t('proxyTest')}
      </Button>
      {it ? (
        <span className={it.ok ? 'good small' : 'wrong'}>
          {it.ok ? `✓ ${millis(it.latency_ms, i18n.language)}` : it.message}
        </span>
      ) : test.error ? (
        <span className="wrong">{test.error.message}</span>
      ) : null}
    </div>
  )
}
