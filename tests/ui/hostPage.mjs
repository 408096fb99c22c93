// A stand-in for ProxyCast: a page that gives a plugin what the host gives it and nothing else.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

import { build } from 'vite'

import { ROOT } from './rig.mjs'

const react = (path) => readFileSync(join(ROOT, 'node_modules', path), 'utf8')

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Host</title>
<style>
  :root { --background: 0 0% 100%; --foreground: 240 10% 4%; --primary: 221 83% 45%; --primary-foreground: 0 0% 100%; --muted: 240 5% 96%; --border: 240 6% 90%; --radius: 0.5rem; }
  .dark { --background: 240 10% 6%; --foreground: 0 0% 98%; --primary: 217 91% 68%; --primary-foreground: 222 47% 8%; --muted: 240 4% 16%; --border: 240 4% 24%; }
  body { margin: 0; font-family: sans-serif; background: hsl(var(--background)); color: hsl(var(--foreground)); }
  .hb { min-height: 36px; padding: 0 12px; border: 1px solid hsl(var(--foreground) / 45%); border-radius: 6px; background: transparent; color: inherit; font: inherit; display: inline-flex; gap: 6px; align-items: center; }
  .hb-default { background: hsl(var(--primary)); color: hsl(var(--primary-foreground)); }
  .hc { border: 1px solid hsl(var(--border)); border-radius: 10px; }
  .hbadge { display: inline-flex; border: 1px solid hsl(var(--border)); border-radius: 99px; }
  .hs { width: 44px; height: 24px; padding: 2px; border: 1px solid hsl(var(--foreground) / 45%); border-radius: 99px; background: hsl(var(--muted)); flex: none; }
  .hs[data-state=checked] { background: hsl(var(--primary)); }
  .hs-thumb { display: block; width: 18px; height: 18px; border-radius: 50%; background: hsl(var(--foreground)); }
  .hs[data-state=checked] .hs-thumb { transform: translateX(20px); background: hsl(var(--primary-foreground)); }
  .htl { display: inline-flex; gap: 4px; padding: 4px; border-radius: 8px; background: hsl(var(--muted)); }
  .htt { padding: 4px 12px; border: 0; border-radius: 6px; background: transparent; color: inherit; font: inherit; white-space: nowrap; }
  .htt[data-state=active] { background: hsl(var(--background)); font-weight: 600; }
  .hi { padding: 6px 10px; border: 1px solid hsl(var(--foreground) / 45%); border-radius: 6px; background: transparent; color: inherit; font: inherit; width: 100%; box-sizing: border-box; }
</style></head>
<body>
  <header><h1 id="host-title">ProxyCast</h1><button id="host-button">Host</button><table id="host-table"><tr><td>cell</td></tr></table><input id="host-input" value="x"><a id="host-link" href="#x">link</a></header>
  <div id="mount"></div>
  <script>REACT</script>
  <script>REACT_DOM</script>
  <script>PARTS</script>
  <script>
    window.ProxyCastPluginComponents = HostParts.parts; delete window.HostParts;
    // The host keeps its renderer to itself.
    const { createRoot } = window.ReactDOM; delete window.ReactDOM;
    const h = React.createElement
    const post = (path, body) => fetch(path, { method: 'POST', body: JSON.stringify(body) }).then((it) => it.json())
    const hang = () => new Promise(() => {})
    const refuse = () => Promise.reject(new Error('plugin is not installed'))
    const store = new Map()
    window.told = []
    const note = (kind) => (text) => window.told.push([kind, text])
    const WAYS = {
      ok: (method, params) => post('/rpc', { method, params }).then((it) => { if (it.error) throw Object.assign(new Error(it.error.message), it.error); return it.result }),
      older: (method, params) => post('/rpc', { method, params }),
      text: (method, params) => post('/rpc', { method, params }).then(JSON.stringify),
      reject: refuse, hang, throw: () => { throw new Error('no bridge') },
    }
    // What each part of the SDK may do besides what it should.
    const HTTP = {
      ok: (url, options) => post('/http', { url, options }),
      body: (url, options) => post('/http', { url, options }).then((it) => it.body),
      data: (url, options) => post('/http', { url, options }).then((it) => ({ status: it.status, data: JSON.parse(it.body || 'null') })),
      response: (url, options) => post('/http', { url, options }).then((it) => new Response(it.body, { status: it.status })),
      reject: refuse, hang, throw: () => { throw new Error('no http') },
    }
    const BROKEN = { reject: refuse, hang, throw: () => { throw new Error('not here') } }
    window.makeSdk = ({ rpc = 'ok', http = 'ok', credentials = 'ok', storage = 'ok', notification = 'ok', rest = 'reject', gateway = null } = {}) => {
      if (gateway) store.set('gateway', storage === 'wrapped' ? { value: gateway } : JSON.stringify(gateway))
      const broken = BROKEN[rest]
      const say = (kind) => BROKEN[notification] ?? note(kind)
      const kept = storage === 'ok' || storage === 'wrapped'
        ? { get: async (it) => store.get(it) ?? null, set: async (it, value) => void store.set(it, value), delete: async (it) => void store.delete(it), keys: async () => [...store.keys()] }
        : { get: BROKEN[storage], set: BROKEN[storage], delete: BROKEN[storage], keys: BROKEN[storage] }
      return {
        database: { query: broken, execute: broken },
        http: { request: HTTP[http] },
        crypto: { encrypt: broken, decrypt: broken },
        notification: { success: say('success'), error: say('error'), info: say('info'), warning: say('warning') },
        events: { emit: broken, on: broken, once: broken },
        storage: kept,
        credential: { list: credentials === 'ok' ? async () => [{ id: 'h1', plugin_id: 'droid-provider', auth_type: 'oauth', display_name: 'Known to the host', status: 'active', last_error_message: null }] : credentials === 'older' ? async () => ({ credentials: [{ id: 'h1', displayName: 'Known to the host', authType: 'oauth', status: 'active' }] }) : BROKEN[credentials] },
        config: { get: broken, set: broken },
        rpc: { call: WAYS[rpc], isConnected: rpc === 'hang' ? hang : () => false, connect: rpc === 'hang' ? hang : rpc === 'reject' ? refuse : async () => true, disconnect: async () => {}, on() {}, off() {} },
      }
    }
    let root = null
    window.loadPlugin = async () => {
      const style = document.createElement('style'); style.id = 'plugin-style'
      style.textContent = await (await fetch('/styles.css')).text(); document.head.append(style)
      const code = await (await fetch('/index.js')).text()
      const script = document.createElement('script'); script.textContent = code; document.body.append(script)
    }
    window.mountPlugin = (ways) => {
      root = createRoot(document.getElementById('mount'))
      root.render(h(window.DroidProviderPlugin.default, { sdk: makeSdk(ways), pluginId: 'droid-provider' }))
    }
    window.unmountPlugin = () => { root.unmount(); root = null }
  </script>
</body></html>`

/** The host's components as a classic script, on the host's own React. */
async function hostParts() {
  const [{ output }] = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      lib: { entry: join(ROOT, 'tests/ui/hostParts.mjs'), name: 'HostParts', formats: ['iife'] },
      rollupOptions: {
        external: ['react', 'react-dom'],
        output: { globals: { react: 'React', 'react-dom': 'ReactDOM' } },
        onwarn: () => {},
      },
    },
  })
  return output[0].code
}

/** Serves the page, the plugin's two files, its process and the host's HTTP client. */
export async function createHostPage(call) {
  const parts = await hostParts()
  const html = PAGE.replace('PARTS', () => parts).replace('REACT_DOM', () => react('react-dom/umd/react-dom.production.min.js')).replace(
    'REACT',
    () => react('react/umd/react.production.min.js'),
  )
  const answer = async (request, body) => {
    switch (request.url) {
      case '/':
        return ['text/html', html]
      case '/index.js':
        return ['text/javascript', readFileSync(join(ROOT, 'plugin/dist/index.js'))]
      case '/styles.css':
        return ['text/css', readFileSync(join(ROOT, 'plugin/dist/styles.css'))]
      case '/rpc': {
        const { method, params } = JSON.parse(body)
        return ['application/json', JSON.stringify(await call(method, params))]
      }
      case '/http': {
        const { url, options } = JSON.parse(body)
        const { method, headers, body: sent } = options
        const response = await fetch(url, { method, headers, body: sent })
        const text = await response.text()
        const of = { status: response.status, headers: Object.fromEntries(response.headers), body: text }
        return ['application/json', JSON.stringify(of)]
      }
      default:
        return ['text/plain', '']
    }
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (it) => (body += it))
    request.on('end', () => {
      answer(request, body).then(
        ([type, text]) => response.writeHead(200, { 'content-type': type }).end(text),
        (error) => response.writeHead(500).end(String(error)),
      )
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  }
}
