// Names of accounts and client keys, by id.
import { useMemo } from 'react'

import { useRead } from '../../api/hooks'

export interface Names {
  account: (id: string) => string
  clientKey: (id: string) => string
  accounts: readonly { id: string; name: string }[]
  clientKeys: readonly { id: string; name: string }[]
}

const NONE: readonly { id: string; name: string }[] = []

export function useNames(): Names {
  const accounts = useRead('list_credentials', {}).data ?? NONE
  const clientKeys = useRead('list_client_keys', {}).data ?? NONE
  return useMemo(() => {
    const named = (all: readonly { id: string; name: string }[]) => {
      const byId = new Map(all.map((it) => [it.id, it.name]))
      return (id: string) => byId.get(id) ?? id
    }
    return { account: named(accounts), clientKey: named(clientKeys), accounts, clientKeys }
  }, [accounts, clientKeys])
}
