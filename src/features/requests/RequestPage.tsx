import { useTranslation } from 'react-i18next'

import { Page } from '../../ui/Page'

export function RequestPage({ id }: { id: string }) {
  const { t } = useTranslation('requests')
  return <Page title={t('title')}>{id}</Page>
}
