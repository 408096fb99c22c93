// The plugin's page as the host loads it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'

import { createHostPage } from './hostPage.mjs'
import { ADMIN_KEY, createBrowser, createRig, openPage, shot, violations } from './rig.mjs'

let rig, plugin, host, browser, gateway

before(async () => {
  rig = await createRig()
  plugin = rig.plugin()
  // What one way shows the other shows too: they are one program on one folder.
  const config = { name: 'Shared', api_keys: ['fk-shared-0123456789ab-0001'] }
  await plugin.call('create_credential', { auth_type: 'api_key', config })
  gateway = await rig.serve()
  host = await createHostPage(plugin.call)
  browser = await createBrowser()
})

after(async () => {
  await browser?.close()
  await host?.stop()
  await rig?.stop()
})

/** The page with the plugin on it, in the ways given. */
async function mounted(ways, options) {
  const opened = await openPage(browser, options)
  await opened.page.goto(host.url)
  await opened.page.evaluate(() => globalThis.loadPlugin())
  await opened.page.evaluate((it) => globalThis.mountPlugin(it), ways ?? {})
  return opened
}

const STYLED = ['#host-title', '#host-button', '#host-table', '#host-table td', '#host-input', '#host-link', 'body', 'html']

/** Computed styles of what is the host's. */
function hostStyles(page) {
  return page.evaluate(
    (all) =>
      all.map((it) => {
        const style = getComputedStyle(document.querySelector(it))
        // How large the page is may change: there is a plugin on it now.
        const sizes = /(^|-)(size|height|width|origin)$|^inset|^(top|bottom|left|right)$/
        const names = [...style].filter((name) => !sizes.test(name))
        return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]))
      }),
    STYLED,
  )
}

test('it works over the plugin process, without a console error', async () => {
  const { page, problems, context } = await mounted()
  await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
  assert.equal(await page.getByText('Plugin process').count(), 1)
  await page.getByRole('button', { name: 'Add account' }).first().click()
  await page.getByRole('tab', { name: 'API keys' }).click()
  await page.getByRole('textbox', { name: /API keys/ }).fill('fk-host-0123456789ab-1111\nfk-host-0123456789ab-2222')
  await page.getByRole('textbox', { name: /Name/ }).fill('From the host')
  await page.getByRole('button', { name: 'Add account' }).click()
  await page.getByRole('heading', { name: 'From the host' }).waitFor()
  await page.getByText('…2222', { exact: true }).waitFor()
  // The host shows the news, not we.
  const told = await page.evaluate(() => globalThis.told)
  assert.deepEqual(told, [['success', '2 keys were added to From the host']])
  // Its own buttons and inputs are used.
  assert.ok((await page.locator('.dp .hb').count()) > 3)
  assert.deepEqual(await violations(page, '.dp'), [])
  await shot(page, 'host-account')
  assert.deepEqual(problems, [])
  await context.close()
})

test('accounts go out of it and come back as a file', async () => {
  const { page, problems, context } = await mounted()
  const { result } = await plugin.call('create_credential', {
    auth_type: 'api_key',
    config: { name: 'Carried', api_keys: ['fk-carried-0123456789-0001'] },
  })
  await page.getByRole('button', { name: 'Carried', exact: true }).waitFor()
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Export', exact: true }).click()
  for (const name of ['Passphrase', 'Passphrase again']) {
    await dialog.getByLabel(name, { exact: true }).and(page.locator('input')).fill('correct horse battery')
  }
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    dialog.getByRole('button', { name: 'Export', exact: true }).click(),
  ])
  const text = readFileSync(await saved.path(), 'utf8')
  assert.ok(!text.includes('Carried'))
  assert.deepEqual(await violations(page, '.dp'), [])
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await plugin.call('delete_credential', { credential_id: result.credential_id })
  await page.getByRole('button', { name: 'Carried', exact: true }).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.getByRole('combobox', { name: 'From' }).selectOption('text')
  await dialog.getByRole('textbox', { name: 'What is in the file' }).fill(text)
  await dialog.getByRole('button', { name: 'Check' }).click()
  await dialog.getByLabel('Passphrase of the export', { exact: true }).and(page.locator('input')).fill('correct horse battery')
  await dialog.getByRole('button', { name: 'Check' }).click()
  await dialog.getByText('Nothing is stored yet').waitFor()
  assert.deepEqual(await violations(page, '.dp'), [])
  await shot(page, 'host-import')
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.getByText('Imported', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByRole('button', { name: 'Carried', exact: true }).waitFor()
  assert.deepEqual(problems, [])
  await context.close()
})

test('every page renders in light and dark, and axe finds nothing', async () => {
  for (const theme of ['light', 'dark']) {
    const { page, problems, context } = await mounted()
    if (theme === 'dark') await page.evaluate(() => document.documentElement.classList.add('dark'))
    for (const name of ['Dashboard', 'Groups', 'Client keys', 'Requests', 'Playground', 'Set up a client', 'Settings', 'Maintenance', 'Accounts']) {
      await page.getByRole('navigation').getByRole('button', { name, exact: true }).click()
      await page.getByRole('heading', { level: 1, name }).waitFor()
      await page.waitForFunction(() => !document.querySelector('.skeleton'))
      assert.deepEqual(await violations(page, '.dp'), [], `${name}, ${theme}`)
      await shot(page, `host-${theme}-${name.replaceAll(' ', '-').toLowerCase()}`)
    }
    assert.deepEqual(problems, [])
    await context.close()
  }
})

test('the host keeps its looks, and nothing goes on after unmounting', async () => {
  const { page, context } = await openPage(browser)
  await page.addInitScript(() => {
    // Counts what is left: listeners on window and document, intervals and timeouts.
    const left = { listeners: new Set(), timers: new Set(), frames: new Set(), observers: new Set(), requests: 0 }
    globalThis.left = left
    // The test looks at the page with timers and observers of its own.
    const ours = () => !/InjectedScript|UtilityScript/.test(new Error().stack)
    for (const target of [window, document]) {
      const { addEventListener: add, removeEventListener: remove } = target
      const name = (type, listener) => [target === window ? 'window' : 'document', type, listener]
      const known = []
      const find = (it) => known.find((one) => one.every((part, at) => part === it[at]))
      target.addEventListener = function (type, listener, ...rest) {
        const it = name(type, listener)
        if (!find(it)) known.push(it)
        if (ours()) left.listeners.add(find(it))
        return add.call(target, type, listener, ...rest)
      }
      target.removeEventListener = function (type, listener, ...rest) {
        const it = find(name(type, listener))
        if (it) left.listeners.delete(it)
        return remove.call(target, type, listener, ...rest)
      }
    }
    const { setTimeout: later, clearTimeout: cancel, setInterval: often, clearInterval: end } = window
    window.setTimeout = (work, ms, ...rest) => {
      const id = later((...it) => { left.timers.delete(id); work(...it) }, ms, ...rest)
      if (ours()) left.timers.add(id)
      return id
    }
    window.clearTimeout = (id) => { left.timers.delete(id); cancel(id) }
    window.setInterval = (...it) => { const id = often(...it); if (ours()) left.timers.add(id); return id }
    window.clearInterval = (id) => { left.timers.delete(id); end(id) }
    const { fetch } = window
    window.fetch = (...it) => {
      left.requests += 1
      return fetch(...it).finally(() => { left.requests -= 1 })
    }
    const { requestAnimationFrame: frame, cancelAnimationFrame: noFrame } = window
    window.requestAnimationFrame = (work) => {
      const id = frame((now) => { left.frames.delete(id); work(now) })
      if (ours()) left.frames.add(id)
      return id
    }
    window.cancelAnimationFrame = (id) => { left.frames.delete(id); noFrame(id) }
    for (const name of ['ResizeObserver', 'MutationObserver', 'IntersectionObserver']) {
      const Real = window[name]
      window[name] = class extends Real {
        observe(...it) { if (ours()) left.observers.add(this); return super.observe(...it) }
        disconnect() { left.observers.delete(this); return super.disconnect() }
      }
    }
  })
  await page.goto(host.url)
  const looks = await hostStyles(page)
  const globals = () => page.evaluate(() => Object.keys(globalThis))
  const before = await globals()
  await page.evaluate(() => globalThis.loadPlugin())
  assert.deepEqual((await globals()).filter((it) => !before.includes(it)), ['DroidProviderPlugin'])
  const begun = await page.evaluate(() => [globalThis.left.listeners.size, globalThis.left.timers.size])
  await page.evaluate(() => globalThis.mountPlugin({}))
  await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
  assert.deepEqual(await hostStyles(page), looks)
  // An open dialog is no leak either.
  await page.getByRole('button', { name: 'Import' }).click()
  await page.getByRole('dialog').waitFor()
  assert.deepEqual((await hostStyles(page)).slice(0, 6), looks.slice(0, 6))
  await page.keyboard.press('Escape')
  await page.evaluate(() => globalThis.unmountPlugin())
  // With no timer, frame, observer, listener or request left nothing can go on; what is under way
  // when it is unmounted may come to its end.
  await page.waitForFunction(
    (timers) => {
      const { left } = globalThis
      return left.timers.size === timers && left.frames.size + left.observers.size + left.requests === 0
    },
    begun[1],
    { polling: 100 },
  )
  const [listeners, rest] = await page.evaluate(() => [
    [...globalThis.left.listeners].map(([target, type]) => `${target} ${type}`),
    document.getElementById('mount').childElementCount,
  ])
  // React's own root listens on document for selectionchange for ever.
  assert.deepEqual(listeners.filter((it) => it !== 'document selectionchange').length, begun[0])
  assert.equal(rest, 0)
  assert.deepEqual(await hostStyles(page), looks)
  await context.close()
})

for (const rpc of ['older', 'text']) {
  test(`a bridge that answers in another shape works: ${rpc}`, async () => {
    const { page, problems, context } = await mounted({ rpc })
    await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
    await page.getByText('Plugin process').waitFor()
    await page.waitForFunction(() => !document.querySelector('.skeleton'))
    assert.deepEqual(problems, [])
    await context.close()
  })
}

for (const rpc of ['reject', 'hang', 'throw']) {
  test(`the gateway is taken when the bridge does this: ${rpc}`, async () => {
    const { page, context } = await mounted({
      rpc,
      gateway: { url: gateway.url, adminKey: ADMIN_KEY },
    })
    await page.getByText(`Gateway ${gateway.url}`).waitFor()
    await page.getByRole('button', { name: 'Shared', exact: true }).waitFor()
    await context.close()
  })
}

for (const [http, storage] of [
  ['body', 'ok'],
  ['data', 'wrapped'],
  ['response', 'ok'],
]) {
  test(`the gateway is reached through an HTTP client that answers in another shape: ${http}, storage ${storage}`, async () => {
    const { page, problems, context } = await mounted({
      rpc: 'reject', http, storage, gateway: { url: gateway.url, adminKey: ADMIN_KEY },
    })
    await page.getByText(`Gateway ${gateway.url}`).waitFor()
    await page.getByRole('button', { name: 'Shared', exact: true }).waitFor()
    assert.deepEqual(problems, [])
    await context.close()
  })
}

for (const way of ['reject', 'hang', 'throw']) {
  test(`a host whose every other call does this is worked with: ${way}`, async () => {
    const { page, problems, context } = await mounted({
      storage: way, http: way, credentials: way, notification: way, rest: way,
    })
    await page.getByRole('heading', { name: 'Accounts', level: 1 }).waitFor()
    await page.getByText('Plugin process').waitFor()
    await page.getByRole('button', { name: 'More actions for Shared' }).click()
    await page.getByRole('menuitem', { name: 'Reset' }).click()
    // What the host cannot show, the page shows itself; what it takes and loses is its own affair.
    if (way === 'throw') await page.getByText('Shared was reset').waitFor()
    await page.getByRole('combobox', { name: 'Language' }).selectOption('zh')
    await page.getByRole('heading', { name: '账户', level: 1 }).waitFor()
    assert.deepEqual(problems, [])
    await context.close()
  })
}

for (const [rpc, http, credentials, storage] of [
  ['reject', 'reject', 'ok', 'ok'],
  ['hang', 'hang', 'older', 'hang'],
  ['throw', 'throw', 'ok', 'reject'],
  ['reject', 'hang', 'ok', 'ok'],
]) {
  test(`read only with instructions: ${rpc}, ${http}, ${credentials}, ${storage}`, async () => {
    const { page, problems, context } = await mounted({ rpc, http, credentials, storage, gateway: { url: gateway.url, adminKey: 'x' } })
    await page.getByText('There is no connection to the program').waitFor()
    await page.getByText('chmod +x droid-provider-cli').waitFor()
    await page.getByRole('rowheader', { name: 'Known to the host' }).waitFor()
    assert.deepEqual(await violations(page, '.dp'), [])
    assert.deepEqual(problems, [])
    await shot(page, `host-read-only-${rpc}-${http}`)
    await context.close()
  })
}

test('a host that lists nothing is told as that, and a gateway can be named', async () => {
  const { page, context } = await mounted({ rpc: 'reject', credentials: 'reject' })
  await page.getByText('This could not be loaded').waitFor()
  await page.getByRole('button', { name: 'Change connection' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Gateway address' }).fill(gateway.url)
  await dialog.getByLabel('Admin key', { exact: true }).fill('wrong')
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click()
  await dialog.getByRole('alert').waitFor()
  await dialog.getByLabel('Admin key', { exact: true }).fill(ADMIN_KEY)
  await dialog.getByRole('button', { name: 'Connect', exact: true }).click()
  await page.getByText(`Gateway ${gateway.url}`).waitFor()
  await context.close()
})

test('it speaks Chinese where the host does', async () => {
  const { page, context } = await mounted({}, { locale: 'zh-CN' })
  await page.evaluate(() => {
    globalThis.unmountPlugin()
    document.documentElement.lang = 'zh-CN'
    globalThis.mountPlugin({})
  })
  await page.getByRole('heading', { name: '账户', level: 1 }).waitFor()
  await shot(page, 'host-zh')
  await context.close()
})
