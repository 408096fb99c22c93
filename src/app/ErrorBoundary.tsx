// A page that fails does not take the others with it.
import { Component, type ReactNode } from 'react'
import { withTranslation, type WithTranslation } from 'react-i18next'

import { Notice } from '../ui/Notice'

type Props = WithTranslation<'app'> & { children: ReactNode }

class Boundary extends Component<Props, { failure: Error | null }> {
  override state: { failure: Error | null } = { failure: null }

  static getDerivedStateFromError(failure: Error) {
    return { failure }
  }

  override render() {
    const { t, children } = this.props
    const { failure } = this.state
    if (!failure) return children
    return (
      <div className="page">
        <Notice tone="bad" title={t('crashed')}>
          <p>{t('crashedBody')}</p>
          <p className="muted">{failure.message}</p>
        </Notice>
      </div>
    )
  }
}

export const ErrorBoundary = withTranslation('app')(Boundary)
