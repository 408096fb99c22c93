import { useTranslation } from 'react-i18next'

import { Page } from '../../ui/Page'

export function RequestsPage() {
  const { t } = useTranslation('requests')
  return <Page title={t('title')}>{null}</Page>
}
