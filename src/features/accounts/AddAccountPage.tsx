// Three ways to a new account; the first also signs a known one in again.
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Page } from '../../ui/Page'
import { Link, useRouter } from '../../ui/router'
import { Tabs } from '../../ui/Tabs'
import { KeysForm } from './KeysForm'
import { ManualForm } from './ManualForm'
import { SignInForm } from './SignInForm'

type Way = 'sign-in' | 'keys' | 'manual'

export function AddAccountPage() {
  const { t } = useTranslation('accounts')
  const { query, go } = useRouter()
  const again = query.get('again')
  const [way, setWay] = useState<Way>('sign-in')
  const done = (id: string) => go(`/accounts/${id}`)
  const back = <Link to="/accounts">‹ {t('viewAll')}</Link>
  if (again) {
    return (
      <Page title={t('signInAgain')} intro={query.get('name')} back={back}>
        <div className="card">
          <SignInForm again={again} onDone={done} />
        </div>
      </Page>
    )
  }
  return (
    <Page title={t('addTitle')} back={back}>
      <div className="card">
        <Tabs<Way>
          label={t('addTitle')}
          value={way}
          onChange={setWay}
          tabs={[
            { id: 'sign-in', label: t('tabSignIn'), content: <SignInForm onDone={done} /> },
            { id: 'keys', label: t('tabKeys'), content: <KeysForm onDone={done} /> },
            { id: 'manual', label: t('tabManual'), content: <ManualForm onDone={done} /> },
          ]}
        />
      </div>
    </Page>
  )
}
