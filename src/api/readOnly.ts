// What the host itself knows of our accounts, when neither the process nor a gateway answers.
import { within } from '../lib/deadline'
import { isRecord } from '../lib/invariant'
import { UserError } from './errors'
import type { Reason, Transport } from './transport'

const LIST_TIMEOUT_MS = 6000

/** A row of the host's own table. */
export interface HostCredential {
  id: string
  name: string
  authType: string
  status: string
  lastError: string | null
}

export async function listHostCredentials(sdk: HostSdk): Promise<HostCredential[]> {
  const answer = await within(() => sdk.credential?.list?.(), LIST_TIMEOUT_MS)
  const rows = Array.isArray(answer)
    ? answer
    : isRecord(answer)
      ? [answer['credentials'], answer['rows'], answer['data']].find(Array.isArray)
      : undefined
  return (rows ?? []).filter(isRecord).map((row, index) => ({
    id: word(row, 'id') ?? String(index),
    name: word(row, 'display_name', 'displayName', 'name') ?? '',
    authType: word(row, 'auth_type', 'authType') ?? '',
    status: word(row, 'status') ?? '',
    lastError: word(row, 'last_error_message', 'lastErrorMessage'),
  }))
}

/** Takes no call: the page shows the host's list and what to do instead. */
export function readOnly(reasons: Reason[]): Transport {
  return {
    way: { kind: 'read_only', reasons },
    call: (method) =>
      Promise.reject(
        new UserError({ kind: 'read_only', message: `${method}: there is no connection` }),
      ),
  }
}

function word(row: Record<string, unknown>, ...names: string[]): string | null {
  for (const name of names) {
    const value = row[name]
    if (typeof value === 'string' && value !== '') return value
    if (typeof value === 'number') return String(value)
  }
  return null
}
