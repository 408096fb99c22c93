// Takes over accounts: of a file or a text that is first only checked, or of files on the program's
// own machine.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Dialog } from '../../ui/Dialog'
import { ChoiceField } from '../../ui/Field'
import { ImportContent } from './ImportContent'
import { ImportMachine } from './ImportMachine'

const SOURCES = ['file', 'text', 'machine'] as const
type Source = (typeof SOURCES)[number]

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('accounts')
  const [source, setSource] = useState<Source>('file')
  return (
    <Dialog wide title={t('importTitle')} onClose={onClose}>
      <p>{t('importBody')}</p>
      <ChoiceField
        label={t('importFrom')}
        value={source}
        onChoose={setSource}
        options={SOURCES.map((it) => ({ value: it, label: t(`importFrom_${it}`) }))}
      />
      {source === 'machine' ? (
        <ImportMachine onClose={onClose} />
      ) : (
        <ImportContent key={source} pasted={source === 'text'} onClose={onClose} />
      )}
    </Dialog>
  )
}
