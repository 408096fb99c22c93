import { useTranslation } from 'react-i18next'

import { Page } from '../../ui/Page'

export function ClientKeysPage() {
  const { t } = useTranslation('clientKeys')
  return <Page title={t('title')}>{null}</Page>
}
