// The standalone build: mounts the app on the page the gateway serves.
import { createRoot } from 'react-dom/client'

import { App } from './app/App'
import { browserPrefs } from './app/prefs'
import { WebApp } from './app/WebApp'
import './styles.css'
import './page.css'

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <App prefs={browserPrefs}>
      <WebApp />
    </App>,
  )
}
