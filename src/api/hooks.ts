// Calls from components: reads are cached by method and params, writes drop what they change.
import {
  keepPreviousData,
  useMutation,
  type UseMutationResult,
  useQueries,
  useQuery,
  type UseQueryOptions,
  useQueryClient,
  type UseQueryResult,
} from '@tanstack/react-query'
import { createContext, useContext } from 'react'

import type { Client } from './client'
import type { UserError } from './errors'
import type { Method, Params, Result } from './shapes'

export const ClientContext = createContext<Client | null>(null)

export function useClient(): Client {
  const client = useContext(ClientContext)
  if (!client) throw new Error('no client above this component')
  return client
}

export interface ReadOptions<T> {
  enabled?: boolean
  /** Ask again this often, while the page is seen. */
  everyMs?: number | ((data: T | undefined) => number | false)
  /** Show the last answer while another one is fetched. */
  keep?: boolean
}

export function useRead<M extends Method>(
  method: M,
  params: Params<M>,
  options: ReadOptions<Result<M>> = {},
): UseQueryResult<Result<M>, UserError> {
  const client = useClient()
  const every = options.everyMs
  return useQuery<Result<M>, UserError>({
    queryKey: [method, params],
    queryFn: ({ signal }) => client.call(method, params, { signal }),
    enabled: options.enabled ?? true,
    refetchInterval:
      typeof every === 'function' ? (query) => every(query.state.data) : (every ?? false),
    ...(options.keep ? { placeholderData: keepPreviousData } : {}),
  })
}

/** Several reads of one method as one: there once all are, failed where one did. */
export function useReads<M extends Method>(
  method: M,
  params: readonly Params<M>[],
  options: { everyMs?: number } = {},
) {
  const client = useClient()
  return useQueries({
    queries: params.map(
      (it): UseQueryOptions<Result<M>, UserError> => ({
        queryKey: [method, it],
        queryFn: ({ signal }) => client.call(method, it, { signal }),
        refetchInterval: options.everyMs ?? false,
        placeholderData: keepPreviousData,
      }),
    ),
    combine: (reads) => {
      const data = reads.flatMap((it) => (it.data === undefined ? [] : [it.data]))
      return {
        data: data.length === reads.length ? data : undefined,
        error: reads.find((it) => it.error)?.error ?? null,
        isFetching: reads.some((it) => it.isFetching),
        fetchStatus: reads.find((it) => it.fetchStatus !== 'idle')?.fetchStatus ?? ('idle' as const),
        refetch: () => Promise.all(reads.map((it) => it.refetch())),
      }
    },
  })
}

/** What a write makes stale. */
const STALES: Partial<Record<Method, readonly Method[]>> = {
  create_credential: ['list_credentials', 'list_groups', 'gateway_status'],
  update_credential: ['list_credentials', 'get_credential', 'list_groups'],
  delete_credential: ['list_credentials', 'list_groups', 'gateway_status'],
  set_credential_enabled: ['list_credentials', 'get_credential'],
  reset_credential: ['list_credentials', 'get_credential'],
  import_credentials: ['list_credentials', 'gateway_status'],
  import_content: ['list_credentials', 'list_groups', 'gateway_status', 'get_config', 'list_models'],
  refresh_credential: ['list_credentials', 'get_credential'],
  add_api_keys: ['list_credentials', 'get_credential'],
  remove_api_keys: ['list_credentials', 'get_credential'],
  move_pool_key: ['list_credentials', 'get_credential', 'list_groups'],
  set_api_key_status: ['list_credentials', 'get_credential'],
  test_credential: ['list_credentials', 'get_credential'],
  test_api_keys: ['list_credentials', 'get_credential'],
  complete_login: ['list_credentials', 'get_credential'],
  save_group: ['list_groups'],
  delete_group: ['list_groups', 'list_credentials', 'get_credential'],
  create_client_key: ['list_client_keys'],
  update_client_key: ['list_client_keys'],
  rotate_client_key: ['list_client_keys'],
  delete_client_key: ['list_client_keys'],
  backup: ['list_backups'],
  remove_backup: ['list_backups'],
  update_config: ['get_config', 'list_models'],
}

export function useStale(): (methods: readonly Method[]) => Promise<void> {
  const queries = useQueryClient()
  return async (methods) => {
    await Promise.all(methods.map((it) => queries.invalidateQueries({ queryKey: [it] })))
  }
}

/**
 * What a write will have changed in what was read, shown before the program says so; for what is
 * one flag and is put back if it fails.
 */
export type Foresee<M extends Method> = (
  read: unknown,
  params: Params<M>,
  method: Method,
) => unknown

export function useWrite<M extends Method>(
  method: M,
  options: { timeoutMs?: number; foresee?: Foresee<M> } = {},
): UseMutationResult<Result<M>, UserError, Params<M>> {
  const client = useClient()
  const queries = useQueryClient()
  const stale = useStale()
  const { foresee } = options
  return useMutation<Result<M>, UserError, Params<M>>({
    mutationFn: (params) => client.call(method, params, options),
    // An answer may hold a secret: it is kept for no longer than it is shown.
    gcTime: 0,
    ...(foresee === undefined
      ? {}
      : {
          onMutate: async (params) => {
            for (const read of STALES[method] ?? []) {
              // An answer under way is older than what is foreseen.
              await queries.cancelQueries({ queryKey: [read] })
              queries.setQueriesData({ queryKey: [read] }, (it: unknown) =>
                it === undefined ? it : foresee(it, params, read),
              )
            }
          },
        }),
    // Also after a failure: what was foreseen did not come, or something else did change.
    onSettled: () => stale(STALES[method] ?? []),
  })
}

/** Sets a flag of the one thing with this id, in a list of them or alone. */
export function flagged(
  read: unknown,
  id: string,
  flags: Readonly<Record<string, unknown>>,
): unknown {
  const set = (it: unknown) =>
    typeof it === 'object' && it !== null && 'id' in it && it.id === id ? { ...it, ...flags } : it
  return Array.isArray(read) ? read.map(set) : set(read)
}
