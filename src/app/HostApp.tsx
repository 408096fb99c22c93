// In the host: finds a way to the program, and says so when there is none.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Client } from '../api/client'
import { connectHost } from '../api/connect'
import { ClientContext } from '../api/hooks'
import type { Transport } from '../api/transport'
import { Button } from '../ui/Button'
import { Skeleton } from '../ui/Notice'
import { MemoryRouter } from '../ui/router'
import { GatewayDialog } from './GatewayDialog'
import { Pages } from './Pages'
import { ReadOnlyPage } from './ReadOnlyPage'
import { Shell } from './Shell'

const CONNECTION = ['connection']

export function HostApp({ sdk }: { sdk: HostSdk }) {
  const { t } = useTranslation('app')
  const queries = useQueryClient()
  const found = useQuery({
    queryKey: CONNECTION,
    queryFn: ({ signal }) => connectHost(sdk, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    networkMode: 'always',
    structuralSharing: false,
    // With no way at all, look again from time to time: the program may come up.
    refetchInterval: (query) => (query.state.data?.way.kind === 'read_only' ? 15_000 : false),
  })
  const again = () => {
    queries.removeQueries({ predicate: (it) => it.queryKey[0] !== CONNECTION[0] })
    void found.refetch()
  }
  if (!found.data) {
    return (
      <div className="page">
        <Skeleton lines={5} label={t('connecting')} />
      </div>
    )
  }
  return <Connected sdk={sdk} transport={found.data} busy={found.isFetching} onAgain={again} />
}

function Connected({
  sdk,
  transport,
  busy,
  onAgain,
}: {
  sdk: HostSdk
  transport: Transport
  busy: boolean
  onAgain: () => void
}) {
  const { t } = useTranslation('app')
  const [changing, setChanging] = useState(false)
  const client = useMemo(() => new Client(transport), [transport])
  useEffect(() => () => client.close(), [client])
  const controls = (
    <div className="row wrap">
      <Button small onClick={() => setChanging(true)}>
        {t('change')}
      </Button>
      <Button small busy={busy} onClick={onAgain}>
        {t('reconnect')}
      </Button>
    </div>
  )
  return (
    <ClientContext.Provider value={client}>
      <MemoryRouter start="/accounts">
        {transport.way.kind === 'read_only' ? (
          <ReadOnlyPage
            sdk={sdk}
            reasons={transport.way.reasons}
            busy={busy}
            onAgain={onAgain}
            onChange={() => setChanging(true)}
          />
        ) : (
          <Shell connection={controls}>
            <Pages />
          </Shell>
        )}
      </MemoryRouter>
      {changing ? (
        <GatewayDialog
          sdk={sdk}
          onClose={() => setChanging(false)}
          onSaved={() => {
            setChanging(false)
            onAgain()
          }}
        />
      ) : null}
    </ClientContext.Provider>
  )
}
