// What can be done to an account as a whole, with its news and its confirmations.
import { useTranslation } from 'react-i18next'

import { flagged, useClient, useWrite } from '../../api/hooks'
import type { Account } from '../../api/shapes'
import { millis } from '../../lib/format'
import { useConfirm } from '../../ui/confirm'
import type { MenuItem } from '../../ui/Menu'
import { useRouter } from '../../ui/router'
import { useToast } from '../../ui/toast'

export interface AccountActions {
  items: MenuItem[]
  /** Which of them is under way. */
  busy: boolean
  setEnabled: (enabled: boolean) => void
  test: () => void
  refresh: () => void
  reset: () => void
  remove: () => void
}

export function useAccountActions(account: Account, onDeleted?: () => void): AccountActions {
  const { t, i18n } = useTranslation(['accounts', 'common'])
  const client = useClient()
  const tell = useToast()
  const confirm = useConfirm()
  const { go } = useRouter()
  const enable = useWrite('set_credential_enabled', {
    // How well it will be once it is on, only the program knows.
    foresee: (read, { credential_id, enabled }) =>
      flagged(read, credential_id, enabled ? { enabled } : { enabled, health: 'disabled' }),
  })
  // One small real request: that a token is accepted does not say that it can be used.
  const trial = useWrite('test_credential', { timeoutMs: 120_000 })
  const refresh = useWrite('refresh_credential', { timeoutMs: 60_000 })
  const reset = useWrite('reset_credential')
  const remove = useWrite('delete_credential')
  const name = account.name
  const by = { credential_id: account.id }
  const bad = (error: Error) => tell({ tone: 'bad', text: `${name}: ${error.message}` })
  const barred = client.readOnly ? t('common:readOnly') : null
  const isPool = account.auth_type === 'api_key'

  const actions = {
    setEnabled: (enabled: boolean) => enable.mutate({ ...by, enabled }, { onError: bad }),
    test: () =>
      trial.mutate(by, {
        onError: bad,
        onSuccess: ({ ok, tested, results }) => {
          const failed = results.find((it) => !it.ok)
          if (isPool && ok > 0) {
            tell({ tone: failed ? 'info' : 'ok', text: t('testOkKeys', { name, ok, total: tested }) })
          } else if (failed) {
            const message = [failed.message, failed.hint].filter(Boolean).join('. ')
            tell({ tone: 'bad', text: t('testBad', { name, message }) })
          } else {
            const latency = millis(results[0]?.latency_ms ?? 0, i18n.language)
            tell({ tone: 'ok', text: t('testOk', { name, latency }) })
          }
        },
      }),
    refresh: () =>
      refresh.mutate(by, {
        onError: bad,
        onSuccess: () => tell({ tone: 'ok', text: t('refreshed', { name }) }),
      }),
    reset: () =>
      reset.mutate(by, {
        onError: bad,
        onSuccess: () => tell({ tone: 'ok', text: t('resetDone', { name }) }),
      }),
    remove: async () => {
      const yes = await confirm({
        title: t('deleteTitle', { name }),
        body: t('deleteBody'),
        action: t('delete'),
      })
      if (!yes) return
      remove.mutate(by, {
        onError: bad,
        onSuccess: () => {
          tell({ tone: 'ok', text: t('deleted', { name }) })
          onDeleted?.()
        },
      })
    },
  }
  const items: MenuItem[] = [
    { label: t('common:edit'), onSelect: () => go(`/accounts/${account.id}?tab=edit`) },
    {
      label: account.enabled ? t('disable') : t('enable'),
      onSelect: () => actions.setEnabled(!account.enabled),
      disabledReason: barred,
    },
    { label: t('test'), onSelect: actions.test, disabledReason: barred },
    {
      label: t('refresh'),
      onSelect: actions.refresh,
      disabledReason: barred ?? (isPool ? t('refreshOnlyTokens') : null),
    },
    { label: t('reset'), onSelect: actions.reset, disabledReason: barred },
    {
      label: t('delete'),
      onSelect: () => void actions.remove(),
      danger: true,
      disabledReason: barred,
    },
  ]
  if (account.auth_type === 'workos_oauth') {
    items.splice(1, 0, {
      label: t('signInAgain'),
      onSelect: () => go(`/accounts/new?again=${account.id}&name=${encodeURIComponent(name)}`),
      disabledReason: barred,
    })
  }
  const busy = [enable, trial, refresh, reset, remove].some((it) => it.isPending)
  return { ...actions, remove: () => void actions.remove(), items, busy }
}
