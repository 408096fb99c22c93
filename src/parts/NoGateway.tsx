// Said where a page is of little use without a gateway.
import { useTranslation } from 'react-i18next'

import { Notice } from '../ui/Notice'

export function NoGateway({ children }: { children: string }) {
  const { t } = useTranslation('common')
  return (
    <Notice tone="warn" title={t('noGateway')}>
      {t('startGateway')} {children}
    </Notice>
  )
}
