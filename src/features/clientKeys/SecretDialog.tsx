// A new key, shown this once.
import { useTranslation } from 'react-i18next'

import { Button } from '../../ui/Button'
import { CopyButton } from '../../ui/CopyButton'
import { Dialog } from '../../ui/Dialog'
import { Notice } from '../../ui/Notice'

export function SecretDialog({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation('clientKeys')
  return (
    <Dialog
      title={t('secretTitle')}
      onClose={onClose}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t('done')}
        </Button>
      }
    >
      <Notice tone="warn">{t('secretBody')}</Notice>
      <div className="row wrap">
        <code className="grow" data-secret>
          {secret}
        </code>
        <CopyButton text={secret} />
      </div>
    </Dialog>
  )
}
