// Why an account or a key is not quite well, in words.
import { useTranslation } from 'react-i18next'

import type { Account } from '../../api/shapes'
import { relative } from '../../lib/format'
import { useNow } from '../../ui/useNow'

type Troubled = Pick<Account, 'cooling' | 'error' | 'model_cooling' | 'strikes'>

/** Its pause with its end, or its error; models that pause; faults that may yet stop it. */
export function useTrouble(): (it: Troubled) => string[] {
  const { t, i18n } = useTranslation('accounts')
  const now = useNow(5000)
  return ({ cooling, error, model_cooling: models, strikes }) => {
    const said: string[] = []
    if (cooling) said.push(`${relative(cooling.until, now, i18n.language)} · ${cooling.reason}`)
    else if (error) said.push(error)
    if (models && models.length > 0) said.push(t('modelsPause', { count: models.length }))
    if (strikes && strikes.length > 0) said.push(t('strikes', { count: strikes.length }))
    return said
  }
}
