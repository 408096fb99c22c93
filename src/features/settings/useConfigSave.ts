// Saves a part of the configuration against the revision it was read at.
import { useClient, useWrite } from '../../api/hooks'
import type { ConfigPatch, ConfigShown } from '../../api/shapes'

/** The revision an answer carries, if this version of the program numbers them. */
export function revisionOf(shown: ConfigShown): ConfigRevision | undefined {
  const revision = (shown as { revision?: unknown }).revision
  return typeof revision === 'number' ? revision : undefined
}

export type ConfigRevision = number

export function useConfigSave() {
  const save = useWrite('update_config')
  const client = useClient()
  return {
    error: save.error,
    busy: save.isPending,
    reset: save.reset,
    readOnly: client.readOnly,
    save: (
      patch: Record<string, unknown>,
      revision: ConfigRevision | undefined,
      onSuccess: (shown: ConfigShown) => void,
    ) =>
      save.mutate(
        { config: patch as ConfigPatch, ...(revision === undefined ? {} : { revision }) },
        { onSuccess },
      ),
  }
}
