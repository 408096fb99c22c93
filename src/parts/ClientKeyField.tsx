// A client key for a page that needs one: pasted, or made on the spot. The page alone holds it.
import { useTranslation } from 'react-i18next'

import { useClient, useWrite } from '../api/hooks'
import { Button } from '../ui/Button'
import { SecretField } from '../ui/Field'
import { useToast } from '../ui/toast'

export function ClientKeyField({
  label,
  help,
  value,
  onChange,
  make,
}: {
  label: string
  help: string
  value: string
  onChange: (key: string) => void
  make: {
    label: string
    /** How the made key is called in the list of client keys. */
    name: string
    /** Said once it is made. */
    news: string
    lastsMs?: number
  }
}) {
  const { t } = useTranslation('common')
  const client = useClient()
  const tell = useToast()
  const create = useWrite('create_client_key')
  const run = () => {
    const ends =
      make.lastsMs === undefined
        ? {}
        : { expires_at: new Date(Date.now() + make.lastsMs).toISOString() }
    create.mutate(
      { name: make.name, ...ends },
      {
        onSuccess: (it) => {
          onChange(it.key)
          tell({ tone: 'ok', text: make.news })
        },
        onError: (error) => tell({ tone: 'bad', text: error.message }),
      },
    )
  }
  return (
    <div className="stack-2">
      <SecretField
        label={label}
        help={help}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <div>
        <Button
          small
          busy={create.isPending}
          onClick={run}
          disabledReason={client.readOnly ? t('readOnly') : null}
        >
          {make.label}
        </Button>
      </div>
    </div>
  )
}
