// What a page shows while things go wrong: a gateway that dies, a slow network, a save that fails,
// somebody else who saves first.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ADMIN_KEY, shot, violations } from './rig.mjs'
import { caller } from './seed.mjs'
import { createWeb, menu, settled, toast } from './web.mjs'

let web, call
// A second is enough; the rest is for a machine that is busy with other things.
const SOON_MS = 120_000

before(async () => {
  web = await createWeb()
  call = caller(web.rig.plugin())
  for (const name of ['Pool', 'Other']) {
    await call('create_credential', { auth_type: 'api_key', config: { name, api_keys: [`fk-states-0123456789-${name}`] } })
  }
  await call('create_client_key', { name: 'Laptop' })
})
after(() => web?.stop())

test('a gateway that dies is told of, what was there stays, and it goes on when it is back', async () => {
  const { page, context } = await web.signedIn({}, '/accounts')
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  const { url } = web.gateway
  await web.gateway.kill()
  await page.getByText('The last update failed').waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-offline')
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  // A page never seen has nothing to show: it says so, and what to do.
  await page.getByRole('navigation').getByRole('link', { name: 'Groups' }).click()
  await page.getByText('This could not be loaded').first().waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-offline-first')
  web.gateway = await web.rig.serve(new URL(url).host)
  // Its sessions went with it; the page that was open is still where one goes on.
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.locator('input[type=password]').fill(ADMIN_KEY)
  await page.keyboard.press('Enter')
  await page.getByText('No group', { exact: true }).waitFor()
  await page.getByRole('navigation').getByRole('link', { name: 'Accounts' }).click()
  await page.getByText('The last update failed').waitFor({ state: 'detached' })
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  await context.close()
})

test('a slow network shows the shape of what comes, named for those who cannot see it', async () => {
  const { page, context } = await web.signedIn({}, '/settings')
  const released = []
  let held = true
  await page.route('**/admin/accounts*', (route) => (held ? released.push(() => route.continue()) : route.continue()))
  await page.getByRole('navigation').getByRole('link', { name: 'Accounts' }).click()
  await page.getByRole('status', { name: 'Loading' }).waitFor()
  assert.ok((await page.locator('.skeleton').count()) > 2)
  // The page's own actions do not wait for its list.
  await page.getByRole('button', { name: 'Add account' }).waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-loading')
  held = false
  for (const go of released.splice(0)) await go()
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  assert.equal(await page.locator('.skeleton').count(), 0)
  await context.close()
})

/** Makes the next request that changes something fail as a broken connection does. */
async function breakNextSave(page) {
  await page.route(
    '**/admin/**',
    (route) => (route.request().method() === 'GET' ? route.fallback() : route.abort()),
  )
  return () => page.unroute('**/admin/**')
}

test('nothing typed is lost when a save fails: account', async () => {
  const { page, context } = await web.signedIn({}, '/accounts')
  await page.getByRole('link', { name: 'Other' }).click()
  await page.getByRole('tab', { name: 'Edit' }).click()
  const name = page.getByRole('textbox', { name: /^Name/ })
  await name.fill('Renamed')
  const mend = await breakNextSave(page)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Not saved', { exact: true }).waitFor()
  assert.equal(await name.inputValue(), 'Renamed')
  await mend()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Renamed', level: 1 }).waitFor()
  await context.close()
})

test('nothing typed is lost when a save fails: pasted keys, client key, settings', async () => {
  const { page, context } = await web.signedIn({}, '/accounts/new')
  await page.getByRole('tab', { name: 'API keys' }).click()
  const keys = page.getByRole('textbox', { name: /API keys/ })
  await keys.fill('fk-states-0123456789-lost')
  let mend = await breakNextSave(page)
  await page.getByRole('button', { name: 'Add account' }).click()
  await page.getByText('Not saved', { exact: true }).waitFor()
  assert.equal(await keys.inputValue(), 'fk-states-0123456789-lost')
  await mend()
  await page.getByRole('button', { name: 'Add account' }).click()
  await page.getByText('…lost', { exact: true }).waitFor()

  await web.open(page, '/client-keys')
  await page.getByRole('button', { name: 'Create key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Typed once')
  mend = await breakNextSave(page)
  await dialog.getByRole('button', { name: 'Create key' }).click()
  await dialog.getByText('Not saved', { exact: true }).waitFor()
  assert.equal(await dialog.getByRole('textbox', { name: 'Name' }).inputValue(), 'Typed once')
  await mend()
  await dialog.getByRole('button', { name: 'Create key' }).click()
  await page.locator('[data-secret]').waitFor()

  await web.open(page, '/settings')
  const attempts = page.getByRole('textbox', { name: 'Attempts' })
  await attempts.fill('7')
  mend = await breakNextSave(page)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Not saved', { exact: true }).waitFor()
  assert.equal(await attempts.inputValue(), '7')
  await mend()
  await page.getByRole('button', { name: 'Save' }).click()
  await toast(page, 'Saved')
  await context.close()
})

test('a session that ended asks for the admin key again', async () => {
  const { page, context } = await web.signedIn({}, '/accounts')
  await page.getByRole('link', { name: 'Pool' }).waitFor()
  await context.clearCookies()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await context.close()
})

test('two people save settings: the second is refused with what changed, and may go on', async () => {
  const first = await web.signedIn({}, '/settings')
  const second = await web.signedIn({}, '/settings')
  const attempts = (it) => it.page.getByRole('textbox', { name: 'Attempts' })
  const save = (it) => it.page.getByRole('button', { name: 'Save', exact: true })
  await attempts(second).fill('9')
  await attempts(first).fill('8')
  await save(first).click()
  await toast(first.page, 'Saved')
  await save(second).click()
  await second.page.getByText('Somebody else changed this').waitFor()
  const row = second.page.getByRole('row', { name: /Attempts/ })
  await row.getByRole('cell', { name: '9' }).waitFor()
  await row.getByRole('cell', { name: '8' }).waitFor()
  assert.deepEqual(await violations(second.page), [])
  await shot(second.page, 'web-stale-settings')
  await second.page.getByRole('button', { name: 'Take theirs' }).click()
  assert.equal(await attempts(second).inputValue(), '8')
  await attempts(second).fill('9')
  await save(second).click()
  await toast(second.page, 'Saved')
  await second.page.reload()
  await settled(second.page)
  assert.equal(await attempts(second).inputValue(), '9')
  await first.context.close()
  await second.context.close()
})

test('two people edit a client key: the second is refused with what changed', async () => {
  const first = await web.signedIn({}, '/client-keys')
  const second = await web.signedIn({}, '/client-keys')
  for (const { page } of [first, second]) {
    await settled(page)
    await menu(page, 'Laptop', 'Edit')
    await page.getByRole('dialog').waitFor()
  }
  const dialog = (it) => it.page.getByRole('dialog')
  const name = (it) => dialog(it).getByRole('textbox', { name: 'Name' })
  const save = (it) => dialog(it).getByRole('button', { name: 'Save' })
  await name(first).fill('Laptop of Ada')
  await save(first).click()
  await dialog(first).waitFor({ state: 'detached' })
  await name(second).fill('Laptop of Bob')
  await save(second).click()
  await dialog(second).getByText('Somebody else changed this').waitFor()
  await dialog(second).getByRole('cell', { name: 'Laptop of Ada' }).waitFor()
  await second.page.waitForFunction(() => !document.querySelector('[aria-busy]'))
  assert.deepEqual(await violations(second.page), [])
  await dialog(second).getByRole('button', { name: 'Keep mine and save' }).click()
  await dialog(second).waitFor({ state: 'detached' })
  await second.page.getByText('Laptop of Bob', { exact: true }).waitFor()
  await first.context.close()
  await second.context.close()
})

test('a switch shows at once what it will be, and goes back when it may not', async () => {
  const { page, context } = await web.signedIn({}, '/accounts')
  await page.getByRole('searchbox', { name: 'Search' }).fill('Pool')
  await page.getByText('1 account', { exact: true }).waitFor()
  let refuse
  await page.route('**/admin/accounts/*/enabled', (route) => {
    refuse = () => route.abort()
  })
  await menu(page, 'Pool', 'Disable')
  // The program has not answered yet.
  await page.locator('.badge', { hasText: 'Disabled' }).waitFor()
  await refuse()
  await page.getByRole('status').getByText(/^Pool:/).waitFor()
  await page.locator('.badge', { hasText: 'Healthy' }).waitFor()
  await context.close()
})

test('what is saved in the page is in force in the plugin’s process, and the other way round', async () => {
  const { page, context } = await web.signedIn({}, '/settings')
  await settled(page)
  const inPlugin = async () => (await call('get_config', {})).config.scheduling.max_attempts
  const begun = await inPlugin()
  const next = begun === 6 ? 5 : 6
  const attempts = page.getByRole('textbox', { name: 'Attempts' })
  await attempts.fill(String(next))
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await toast(page, 'Saved')
  const saved = Date.now()
  while ((await inPlugin()) !== next) assert.ok(Date.now() - saved < SOON_MS, 'the plugin does not follow')
  // The plugin saves; the gateway answers with it, also to its clients.
  const { models } = (await call('get_config', {})).config
  const { key } = await call('create_client_key', { name: 'Reader' })
  await call('update_config', { config: { models: [...models, { id: 'glm-followed', name: 'Followed', type: 'common' }] } })
  const changed = Date.now()
  const listed = async () =>
    (await (await fetch(`${web.gateway.url}/v1/models`, { headers: { 'x-api-key': key } })).text()).includes('glm-followed')
  while (!(await listed())) assert.ok(Date.now() - changed < SOON_MS, 'the gateway does not follow')
  await page.reload()
  await page.getByRole('tab', { name: 'Models' }).click()
  await page.locator('input[value="glm-followed"]').waitFor()
  await context.close()
})
