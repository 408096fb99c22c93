// The standalone page on the real gateway: what a person does, by mouse and by keyboard alone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ADMIN_KEY, createBrowser, createRig, openPage, shot, violations } from './rig.mjs'

let rig, gateway, browser

before(async () => {
  rig = await createRig()
  gateway = await rig.serve()
  browser = await createBrowser()
  for (const key of ['fk-web-0123456789ab-1111', 'fk-web-0123456789ab-2222', 'fk-web-0123456789ab-3333']) {
    await rig.control('keys', { key })
  }
  await rig.control('keys', { key: 'fk-web-0123456789ab-0bad', blocked: 401 })
})

after(async () => {
  await browser?.close()
  await rig?.stop()
})

async function signedIn(options, path = '/') {
  const opened = await openPage(browser, options)
  const { page } = opened
  await page.goto(gateway.url + path)
  await page.locator('input[type=password]').fill(ADMIN_KEY)
  await page.keyboard.press('Enter')
  await page.locator('nav').waitFor({ state: 'attached' })
  // The browser itself notes that the session was asked for before there was one.
  opened.problems.splice(0)
  return opened
}

const settled = (page) => page.waitForFunction(() => !document.querySelector('.skeleton'))
const toast = (page, text) => page.getByRole('status').getByText(text).waitFor()
const menu = async (page, name, item) => {
  await page.getByRole('button', { name: `More actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: item, exact: true }).click()
}

test('the page is served with a strict policy, and its assets for ever', async () => {
  const page = await fetch(gateway.url)
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/)
  assert.equal(page.headers.get('cache-control'), 'no-cache')
  const [script] = /assets\/[^"]+\.js/.exec(await page.text())
  const asset = await fetch(`${gateway.url}/${script}`)
  assert.match(asset.headers.get('cache-control'), /immutable/)
  assert.equal(asset.headers.get('content-encoding'), 'gzip')
  for (const path of ['/accounts/some-id', '/settings', '/requests/req_1']) {
    assert.match((await fetch(gateway.url + path)).headers.get('content-type'), /html/)
  }
  assert.equal((await fetch(`${gateway.url}/assets/none.js`)).status, 404)
})

test('a wrong admin key is refused, the right one is let in, and signing out ends it', async () => {
  const { page, context } = await openPage(browser)
  await page.goto(gateway.url)
  await page.getByLabel('Admin key', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('You are not signed in').waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-sign-in')
  await page.getByLabel('Admin key', { exact: true }).fill(ADMIN_KEY)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor()
  // A reloaded page is still signed in, and nothing secret is kept by the browser.
  await page.reload()
  await page.getByRole('heading', { name: 'Dashboard', level: 1 }).waitFor()
  const kept = await page.evaluate(() => JSON.stringify([{ ...window.localStorage }, { ...window.sessionStorage }, document.cookie]))
  assert.ok(!kept.includes('adm-'), kept)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await context.close()
})

test('accounts: a device sign-in, from the code to the account', async () => {
  const { page, problems, context } = await signedIn({}, '/accounts')
  await page.getByText('No account yet').waitFor()
  await page.getByRole('button', { name: 'Add account' }).first().click()
  await page.getByRole('textbox', { name: /Name/ }).fill('Device')
  await page.getByRole('button', { name: 'Begin sign-in' }).click()
  const code = await page.locator('.code-large').textContent()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-device-code')
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code)
  await rig.control('device/approve', { code })
  await page.getByText('Signed in. The account was added.').waitFor({ timeout: 30_000 })
  await page.getByRole('button', { name: 'Details' }).click()
  await page.getByRole('heading', { name: 'Device', level: 1 }).waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-account')
  assert.deepEqual(problems, [])
  await context.close()
})

test('accounts: a denied code says so; a browser sign-in takes the pasted address', async () => {
  const { page, context } = await signedIn({}, '/accounts/new')
  await page.getByRole('button', { name: 'Begin sign-in' }).click()
  const code = await page.locator('.code-large').textContent()
  await rig.control('device/deny', { code })
  await page.getByText('The sign-in was declined.').waitFor({ timeout: 30_000 })
  await page.getByRole('button', { name: 'Start over' }).click()
  await page.getByRole('combobox', { name: 'How to sign in' }).selectOption('pkce')
  await page.getByRole('textbox', { name: /Name/ }).fill('Browser')
  await page.getByRole('button', { name: 'Begin sign-in' }).click()
  const address = await page.getByRole('link', { name: 'Open the sign-in page' }).getAttribute('href')
  const answer = await fetch(address, { redirect: 'manual' })
  await page.getByRole('textbox', { name: /The address/ }).fill(answer.headers.get('location'))
  await page.getByRole('button', { name: 'Finish sign-in' }).click()
  await page.getByRole('heading', { name: 'Browser', level: 1 }).waitFor()
  await context.close()
})

test('accounts: a refresh token is verified, and a bad one loses nothing', async () => {
  const { page, context } = await signedIn({}, '/accounts/new')
  await page.getByRole('tab', { name: 'Refresh token' }).click()
  const token = page.getByLabel('Refresh token', { exact: true }).and(page.locator('input'))
  await token.fill('no-such-token')
  await page.getByRole('textbox', { name: /Name/ }).fill('Manual')
  await page.getByRole('button', { name: 'Add account' }).click()
  await page.getByText('Not saved').waitFor()
  assert.equal(await token.inputValue(), 'no-such-token')
  const minted = await rig.control('accounts', {})
  await token.fill(minted.refresh_token)
  await page.getByRole('button', { name: 'Add account' }).click()
  await page.getByRole('heading', { name: 'Manual', level: 1 }).waitFor()
  const text = await page.locator('.dp').innerHTML()
  assert.ok(!text.includes(minted.refresh_token))
  await context.close()
})

test('accounts: keys are pasted, tested, banned, removed and added', async () => {
  const { page, problems, context } = await signedIn({}, '/accounts/new')
  await page.getByRole('tab', { name: 'API keys' }).click()
  await page.getByRole('textbox', { name: /API keys/ }).fill('fk-web-0123456789ab-1111\nfk-web-0123456789ab-2222\nfk-web-0123456789ab-1111\nfk-web-0123456789ab-0bad\ntiny')
  await page.getByText('3 keys to add').waitFor()
  await page.getByText('Line 3: …1111 is line 1 again').waitFor()
  await shot(page, 'web-add-keys')
  await page.getByRole('textbox', { name: /Name/ }).fill('Pool')
  await page.getByRole('button', { name: 'Add account' }).click()
  await page.getByRole('heading', { name: 'Pool', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'Test all' }).click()
  await page.getByText('2 of 3 are accepted').first().waitFor({ timeout: 60_000 })
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-key-pool')
  await page.getByRole('checkbox', { name: 'Select key …2222' }).check()
  await page.getByRole('button', { name: 'Ban', exact: true }).click()
  await page.locator('.badge', { hasText: 'Banned' }).waitFor()
  await page.getByRole('combobox', { name: 'Status' }).selectOption('banned')
  await page.getByRole('checkbox', { name: 'Select key …2222' }).check()
  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('paragraph').filter({ hasText: 'No key in this pool' }).waitFor()
  await page.getByRole('combobox', { name: 'Status' }).selectOption('')
  await page.getByRole('button', { name: 'Add keys' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox').fill('fk-web-0123456789ab-3333')
  await dialog.getByRole('button', { name: 'Add keys' }).click()
  await page.getByText('…3333').waitFor()
  assert.deepEqual(problems, [])
  await context.close()
})

test('accounts: listed, filtered, switched off, tested, refreshed, reset, deleted', async () => {
  const { page, problems, context } = await signedIn({}, '/accounts')
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  await page.getByRole('searchbox', { name: 'Search' }).fill('Man')
  await page.getByText('1 account', { exact: true }).waitFor()
  await menu(page, 'Manual', 'Disable')
  await page.locator('.badge', { hasText: 'Disabled' }).waitFor()
  await menu(page, 'Manual', 'Enable')
  await page.locator('.badge', { hasText: 'Healthy' }).waitFor()
  await menu(page, 'Manual', 'Test')
  await toast(page, 'Manual is accepted by Factory')
  await menu(page, 'Manual', 'Refresh token now')
  await toast(page, 'The token of Manual is fresh')
  await menu(page, 'Manual', 'Reset')
  await toast(page, 'Manual was reset')
  await menu(page, 'Manual', 'Delete')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await toast(page, 'Manual was deleted')
  assert.deepEqual(problems, [])
  await context.close()
})

test('two people edit at once: the second save is refused with what changed', async () => {
  const first = await signedIn({}, '/accounts')
  const second = await signedIn({}, '/accounts')
  for (const { page } of [first, second]) {
    await page.getByRole('link', { name: 'Browser' }).click()
    await page.getByRole('tab', { name: 'Edit' }).click()
  }
  const name = (it) => it.page.getByRole('textbox', { name: /^Name/ })
  const save = (it) => it.page.getByRole('button', { name: 'Save' })
  await name(first).fill('First')
  await save(first).click()
  await first.page.getByText('Saved').first().waitFor()
  await name(second).fill('Second')
  await save(second).click()
  await second.page.getByText('Somebody else changed this').waitFor()
  await second.page.getByRole('cell', { name: 'First' }).waitFor()
  assert.deepEqual(await violations(second.page), [])
  await shot(second.page, 'web-stale')
  await second.page.getByRole('button', { name: 'Keep mine and save' }).click()
  await second.page.getByRole('heading', { name: 'Second', level: 1 }).waitFor()
  await first.context.close()
  await second.context.close()
})

test('groups are added, explained and deleted', async () => {
  const { page, context } = await signedIn({}, '/groups')
  await page.getByRole('button', { name: 'Add group' }).click()
  await page.getByRole('textbox', { name: 'Id' }).fill('not good')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Letters, digits, dash').waitFor()
  await page.getByRole('textbox', { name: 'Id' }).fill('fast')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('rowheader', { name: 'fast' }).waitFor()
  await page.getByText('Pool').waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-groups')
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('No group', { exact: true }).waitFor()
  await context.close()
})

test('client keys: made, shown once, limited, rotated, switched off', async () => {
  const { page, problems, context } = await signedIn({}, '/client-keys')
  await page.getByRole('button', { name: 'Create key' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Laptop')
  await dialog.getByRole('textbox', { name: 'Requests at once' }).fill('4')
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-client-key')
  await dialog.getByRole('button', { name: 'Create key' }).click()
  const secret = await page.locator('[data-secret]').textContent()
  assert.match(secret, /^dpk_/)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByText('Requests at once: 4').waitFor()
  assert.ok(!(await page.content()).includes(secret))
  await menu(page, 'Laptop', 'Rotate')
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
  assert.notEqual(await page.locator('[data-secret]').textContent(), secret)
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await menu(page, 'Laptop', 'Disable')
  await page.locator('.badge', { hasText: 'Off' }).waitFor()
  assert.deepEqual(problems, [])
  await context.close()
})

test('playground: an answer arrives in every protocol', async () => {
  const { page, problems, context } = await signedIn({}, '/playground')
  await settled(page)
  await page.getByRole('button', { name: 'Make a key for one hour' }).click()
  await toast(page, 'A client key was made')
  await page.getByRole('textbox', { name: 'Message' }).fill('Hello')
  for (const dialect of ['anthropic', 'responses', 'chat', 'gemini']) {
    for (const model of ['claude-sonnet-4-5-20250929', 'gpt-5-2025-08-07']) {
      await page.getByRole('combobox', { name: 'Protocol' }).selectOption(dialect)
      await page.getByLabel('Model').fill(model)
      await page.getByRole('button', { name: 'Send' }).click()
      await page.locator('.badge', { hasText: 'Done' }).waitFor({ timeout: 30_000 })
      const text = await page.locator('.transcript').first().textContent()
      assert.ok(text.length > 3, `${dialect} ${model}: ${text}`)
    }
  }
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-playground')
  assert.deepEqual(problems, [])
  await context.close()
})

test('settings: checked as they are typed, saved, and put back', async () => {
  const { page, problems, context } = await signedIn({}, '/settings')
  const attempts = page.getByRole('textbox', { name: 'Attempts' })
  await attempts.fill('99')
  await page.getByText('From 1 to 20', { exact: true }).waitFor()
  await attempts.fill('5')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').first().waitFor()
  await page.reload()
  assert.equal(await attempts.inputValue(), '5')
  await page.getByRole('tab', { name: 'Models' }).click()
  await page.getByRole('textbox', { name: 'Id' }).first().waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-models')
  await page.getByRole('tab', { name: 'Redirects' }).click()
  await page.getByRole('button', { name: 'Add redirect' }).click()
  await page.getByRole('textbox', { name: 'Asked for' }).last().fill('my-model')
  await page.getByRole('textbox', { name: 'Sent' }).last().fill('glm-4.6')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved').first().waitFor()
  assert.deepEqual(problems, [])
  await context.close()
})

test('setup fills in this gateway’s address and a key', async () => {
  const { page, context } = await signedIn({}, '/setup')
  await page.getByRole('button', { name: 'Make a client key' }).click()
  await page.getByText(/"ANTHROPIC_AUTH_TOKEN": "dpk_(?!YOUR)/).waitFor()
  assert.ok((await page.locator('pre').first().textContent()).includes(gateway.url))
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-setup')
  await context.close()
})

const PAGES = ['/', '/accounts', '/accounts/new', '/groups', '/client-keys', '/requests', '/playground', '/setup', '/settings']

for (const locale of ['en-US', 'zh-CN']) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing on any page: ${locale}, ${colorScheme}`, async () => {
      const { page, problems, context } = await signedIn({ locale, colorScheme })
      for (const path of PAGES) {
        await page.goto(gateway.url + path)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await settled(page)
        assert.deepEqual(await violations(page, ':root'), [], path)
        await shot(page, `web-${locale}-${colorScheme}-${path.slice(1).replaceAll('/', '-') || 'dashboard'}`)
      }
      assert.deepEqual(problems, [])
      await context.close()
    })
  }
}

for (const [width, height] of [
  [360, 740],
  [3840, 2160],
]) {
  test(`nothing is cut off at ${width} pixels`, async () => {
    const { page, context } = await signedIn({ viewport: { width, height } })
    for (const path of PAGES) {
      await page.goto(gateway.url + path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await settled(page)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      assert.ok(wide <= 0, `${path} is ${wide} px too wide`)
      await shot(page, `web-${width}-${path.slice(1).replaceAll('/', '-') || 'dashboard'}`)
    }
    await context.close()
  })
}

test('by keyboard alone: to a page, through a form, in a menu and out of a dialog', async () => {
  const { page, context } = await signedIn({}, '/accounts')
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
  // Focus moves a moment after the key in tabs and menus.
  const reached = (text) =>
    page.waitForFunction((it) => document.activeElement?.textContent?.trim() === it, text)
  await page.keyboard.press('Tab')
  await page.evaluate(() => document.querySelector('.skip').focus())
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'MAIN')
  // The menu of the first account.
  await page.getByRole('button', { name: /More actions for/ }).first().focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menu').waitFor()
  for (let n = 0; n < 12 && (await focused()) !== 'Delete'; n += 1) {
    const before = await focused()
    await page.keyboard.press('ArrowDown')
    await page.waitForFunction((it) => document.activeElement?.textContent?.trim() !== it, before)
  }
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  // A form, tab by tab.
  await page.getByRole('button', { name: 'Add account' }).focus()
  await page.keyboard.press('Enter')
  const signIn = page.getByRole('tab', { name: 'Sign in' })
  await signIn.waitFor()
  await signIn.focus()
  await page.keyboard.press('ArrowRight')
  await reached('API keys')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA')
  await page.keyboard.type('fk-keyboard-0123456789-0001')
  await page.keyboard.press('Tab')
  await page.keyboard.type('Keyboard')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Keyboard', level: 1 }).waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1')
  await context.close()
})

test('offline it says so, keeps what is there, and goes on when the connection is back', async () => {
  const { page, context } = await signedIn({}, '/accounts')
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  await page.route('**/admin/**', (route) => route.abort())
  await page.getByText('The last update failed').waitFor({ timeout: 30_000 })
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  await page.unroute('**/admin/**')
  await page.getByText('The last update failed').waitFor({ state: 'detached', timeout: 30_000 })
  await context.close()
})
