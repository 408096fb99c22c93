// A page on the backend in memory.
import { render, type RenderResult } from '@testing-library/react'
import userEvent, { type UserEvent } from '@testing-library/user-event'

import { Client } from '../api/client'
import { ClientContext } from '../api/hooks'
import { App } from '../app/App'
import type { Language } from '../app/i18n'
import { Pages } from '../app/Pages'
import { NO_PREFS, type PrefStore } from '../app/prefs'
import { MemoryRouter } from '../ui/router'
import type { Backend } from './backend'

export function show(
  backend: Backend,
  at: string,
  language: Language = 'en',
): RenderResult & { user: UserEvent } {
  const user = userEvent.setup()
  const prefs: PrefStore = { read: async () => ({ ...NO_PREFS, language }), write: () => undefined }
  const client = new Client(backend)
  const shown = render(
    <App prefs={prefs}>
      <ClientContext.Provider value={client}>
        <MemoryRouter start={at}>
          <Pages />
        </MemoryRouter>
      </ClientContext.Provider>
    </App>,
  )
  return { ...shown, user }
}
