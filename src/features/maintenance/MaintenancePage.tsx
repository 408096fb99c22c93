// What keeps an installation well: a look at everything that can be wrong, and copies of the data.
import { useTranslation } from 'react-i18next'

import { Page } from '../../ui/Page'
import { BackupsCard } from './BackupsCard'
import { DoctorCard } from './DoctorCard'

export function MaintenancePage() {
  const { t } = useTranslation('maintenance')
  return (
    <Page title={t('title')} intro={t('intro')}>
      <DoctorCard />
      <BackupsCard />
    </Page>
  )
}
