// Where clients reach the gateway.
import { useClient, useRead } from './hooks'

/** Its address, or null while there is none. */
export function useGatewayUrl(): string | null {
  const { way } = useClient()
  const status = useRead('gateway_status', {}, { enabled: way.kind !== 'web', everyMs: 15_000 })
  if (way.kind === 'web') return window.location.origin
  if (way.kind === 'gateway') return way.url
  return status.data?.gateway.url ?? null
}
