// Which way to the program is taken, in the host: its process, else a gateway, else none.
import { toUserError } from './errors'
import { connectGateway, readAddress } from './gateway'
import { readOnly } from './readOnly'
import { connectRpc } from './rpc'
import type { Reason, Transport } from './transport'

export async function connectHost(sdk: HostSdk, signal?: AbortSignal): Promise<Transport> {
  const reasons: Reason[] = []
  try {
    return await connectRpc(sdk, signal)
  } catch (error) {
    reasons.push({ way: 'rpc', message: toUserError(error).message })
  }
  try {
    return await connectGateway(sdk, await readAddress(sdk), signal)
  } catch (error) {
    reasons.push({ way: 'gateway', message: toUserError(error).message })
  }
  return readOnly(reasons)
}
