// A save that would have overwritten somebody else's: what differs, and two ways on.
import { useTranslation } from 'react-i18next'

import { Button } from './Button'
import { Notice } from './Notice'

export interface Difference {
  label: string
  mine: string
  theirs: string
}

export function StaleNotice({
  differences,
  onMine,
  onTheirs,
}: {
  differences: readonly Difference[]
  onMine: () => void
  onTheirs: () => void
}) {
  const { t } = useTranslation('common')
  return (
    <Notice tone="warn" title={t('stale')}>
      {differences.length === 0 ? (
        <p>{t('staleNothing')}</p>
      ) : (
        <>
          <p>{t('staleBody')}</p>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('field')}</th>
                <th scope="col">{t('yours')}</th>
                <th scope="col">{t('theirs')}</th>
              </tr>
            </thead>
            <tbody>
              {differences.map((it) => (
                <tr key={it.label}>
                  <th scope="row">{it.label}</th>
                  <td>{it.mine || '–'}</td>
                  <td>{it.theirs || '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      <div className="row">
        <Button variant="primary" onClick={onMine}>
          {t('staleMine')}
        </Button>
        <Button onClick={onTheirs}>{t('staleTheirs')}</Button>
      </div>
    </Notice>
  )
}
