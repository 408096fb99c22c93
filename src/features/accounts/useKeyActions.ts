// What can be done to keys of a pool, and how far a test of many is.
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { toUserError } from '../../api/errors'
import { useClient, useStale, useWrite } from '../../api/hooks'
import type { Account, KeyTest } from '../../api/shapes'
import { useConfirm } from '../../ui/confirm'
import { useToast } from '../../ui/toast'

/** Keys asked about in one call: small enough to show progress and to stop. */
const BATCH = 4

export interface Progress {
  done: number
  total: number
}

export type KeyActions = ReturnType<typeof useKeyActions>

export function useKeyActions(account: Account, onDone: () => void) {
  const { t } = useTranslation(['accounts', 'common'])
  const client = useClient()
  const stale = useStale()
  const tell = useToast()
  const confirm = useConfirm()
  const status = useWrite('set_api_key_status')
  const removal = useWrite('remove_api_keys')
  const moving = useWrite('move_pool_key')
  const [testing, setTesting] = useState<Progress | null>(null)
  const [results, setResults] = useState<ReadonlyMap<string, KeyTest>>(new Map())
  const stop = useRef<AbortController | null>(null)
  const by = { credential_id: account.id }
  const bad = (error: Error) => tell({ tone: 'bad', text: error.message })

  const test = async (ids: readonly string[]) => {
    const controller = new AbortController()
    stop.current = controller
    const found = new Map<string, KeyTest>()
    setResults(found)
    setTesting({ done: 0, total: ids.length })
    try {
      for (let at = 0; at < ids.length && !controller.signal.aborted; at += BATCH) {
        const batch = ids.slice(at, at + BATCH)
        const answer = await client.call(
          'test_api_keys',
          { ...by, api_key_ids: batch },
          { signal: controller.signal, timeoutMs: 120_000 },
        )
        for (const it of answer.keys) found.set(it.id, it)
        setResults(new Map(found))
        setTesting({ done: Math.min(at + BATCH, ids.length), total: ids.length })
      }
      const ok = [...found.values()].filter((it) => it.ok).length
      tell({
        tone: ok === found.size ? 'ok' : 'info',
        text: t('tested', { ok, total: found.size }),
      })
    } catch (error) {
      const told = toUserError(error)
      if (told.kind !== 'aborted') bad(told)
    } finally {
      setTesting(null)
      await stale(['get_credential', 'list_credentials'])
    }
  }

  /** One after another: what was moved before a failure stays moved. Answers whether all were. */
  const move = async (ids: readonly string[], pool: string) => {
    try {
      for (const id of ids) await moving.mutateAsync({ api_key_id: id, pool })
    } catch {
      return false
    }
    tell({ tone: 'ok', text: t('moveDone', { count: ids.length }) })
    onDone()
    return true
  }

  return {
    move,
    moving: moving.isPending,
    moveError: moving.error,
    barred: client.readOnly ? t('common:readOnly') : null,
    testing,
    results,
    test,
    stopTest: () => stop.current?.abort(),
    setStatus: (ids: readonly string[], to: 'active' | 'disabled' | 'banned') =>
      status.mutate(
        { ...by, api_key_ids: [...ids], status: to },
        { onError: bad, onSuccess: onDone },
      ),
    remove: async (ids: readonly string[]) => {
      const yes = await confirm({
        title: t('removeTitle', { count: ids.length }),
        body: t('removeBody', { count: ids.length }),
        action: t('remove'),
      })
      if (!yes) return
      removal.mutate(
        { ...by, api_key_ids: [...ids] },
        {
          onError: bad,
          onSuccess: (it) => {
            tell({ tone: 'ok', text: t('removeDone', { count: it.removed }) })
            onDone()
          },
        },
      )
    },
  }
}
