// What a person does besides adding accounts: keys in bulk, proxies, imports, exports, a request's
// life, a client's settings.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { shot, violations } from './rig.mjs'
import { caller } from './seed.mjs'
import { createWeb, menu, settled, toast } from './web.mjs'

const KEYS = ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff'].map((it) => `fk-flows-0123456789-${it}`)
let web, call, pool

before(async () => {
  web = await createWeb()
  call = caller(web.rig.plugin())
  for (const key of KEYS) await web.rig.control('keys', { key })
  pool = (await call('create_credential', { auth_type: 'api_key', config: { name: 'Pool', endpoint_type: 'anthropic', api_keys: KEYS } })).credential_id
  await call('save_group', { id: 'fast', priority: 10 })
})
after(() => web?.stop())

const states = async () =>
  Object.fromEntries((await call('get_credential', { credential_id: pool })).keys.map((it) => [it.tail, it.status]))

test('keys in bulk: disabled, enabled, banned, tested with progress, moved to another tier', async () => {
  const { page, problems, context } = await web.signedIn({}, `/accounts/${pool}`)
  await settled(page)
  const choose = async (...tails) => {
    for (const it of tails) await page.getByRole('checkbox', { name: `Select key …${it}` }).check()
  }
  const bulk = (name) => page.getByRole('group', { name: 'Actions' }).getByRole('button', { name, exact: true })
  const badges = (text, count) =>
    page.waitForFunction(
      ([it, n]) => [...document.querySelectorAll('.vtable .badge')].filter((one) => one.textContent === it).length === n,
      [text, count],
    )
  await choose('aaaa', 'bbbb')
  await bulk('Disable').click()
  await badges('Disabled', 2)
  await choose('aaaa')
  await bulk('Enable').click()
  await badges('Disabled', 1)
  await choose('cccc')
  await bulk('Ban').click()
  await badges('Banned', 1)
  assert.deepEqual(await states(), { '…aaaa': 'active', '…bbbb': 'disabled', '…cccc': 'banned', '…dddd': 'active', '…eeee': 'active', '…ffff': 'active' })
  // One key by its own menu.
  await menu(page, '…cccc', 'Enable')
  await badges('Banned', 0)
  await menu(page, '…dddd', 'Test')
  await page.getByText('1 of 1 are accepted').first().waitFor()
  // All of them; the second slice waits, so that progress can be seen.
  await web.rig.control('script', { mode: 'always', action: { delay: 400 } })
  await page.getByRole('button', { name: 'Test all' }).click()
  await page.getByRole('progressbar').waitFor()
  await page.getByText(/^Testing [04] of 6$/).waitFor()
  await page.getByText('6 of 6 are accepted').first().waitFor()
  await web.rig.control('script/clear', {})
  // To another tier.
  await menu(page, '…ffff', 'Move…')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Group' }).selectOption('fast')
  await dialog.getByRole('button', { name: 'Move' }).click()
  await toast(page, '1 key was moved')
  await page.getByText('…ffff', { exact: true }).waitFor({ state: 'detached' })
  const pools = await call('list_credentials', {})
  assert.ok(pools.some((it) => it.groups.includes('fast') && it.keys.total === 1))
  assert.deepEqual(problems, [])
  await context.close()
})

test('a test of all keys can be stopped', async () => {
  const { page, context } = await web.signedIn({}, `/accounts/${pool}`)
  await settled(page)
  await web.rig.control('script', { mode: 'always', action: 'hang' })
  await page.getByRole('button', { name: 'Test all' }).click()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByRole('progressbar').waitFor({ state: 'detached' })
  await web.rig.control('script/clear', {})
  await context.close()
})

test('keys are exported by state: the list without a secret, the keys themselves after a warning', async () => {
  await call('set_api_key_status', {
    credential_id: pool,
    api_key_ids: [(await call('get_credential', { credential_id: pool })).keys[0].id],
    status: 'banned',
  })
  const { page, problems, context } = await web.signedIn({}, `/accounts/${pool}`)
  await settled(page)
  const saved = async (press) => {
    const [file] = await Promise.all([page.waitForEvent('download'), press()])
    return [file.suggestedFilename(), readFileSync(await file.path(), 'utf8')]
  }
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Export keys' }).click()
  const [listName, list] = await saved(() => dialog.getByRole('button', { name: 'Export', exact: true }).click())
  assert.equal(listName, 'keys-all.csv')
  assert.match(list, /…bbbb/)
  for (const key of KEYS) assert.ok(!list.includes(key))
  await page.getByRole('button', { name: 'Export keys' }).click()
  await dialog.getByRole('combobox', { name: 'What to export' }).selectOption('keys')
  await dialog.getByText('The file holds the keys in plain text').waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-export-keys')
  await dialog.getByRole('combobox', { name: 'Status' }).selectOption('banned')
  const [plainName, plain] = await saved(() => dialog.getByRole('button', { name: 'Export in plain text' }).click())
  assert.equal(plainName, 'keys-banned.txt')
  assert.deepEqual(plain.trim().split('\n'), [KEYS[0]])
  assert.ok(!(await page.content()).includes(KEYS[0]))
  // The list of accounts, as it is filtered.
  await web.open(page, '/accounts')
  const [accountsName, accounts] = await saved(() => page.getByRole('button', { name: 'Export list' }).click())
  assert.equal(accountsName, 'accounts.csv')
  assert.match(accounts, /Pool/)
  assert.deepEqual(problems, [])
  await context.close()
})

test('an import of the program’s own machine reports what it took over, knew and refused', async () => {
  const { page, problems, context } = await web.signedIn({}, '/accounts')
  const minted = await web.rig.control('accounts', {})
  const good = join(web.rig.folder, 'auth.json')
  writeFileSync(good, JSON.stringify({ access_token: minted.access_token, refresh_token: minted.refresh_token }))
  const dialog = page.getByRole('dialog')
  const run = async (path) => {
    await dialog.getByRole('textbox', { name: /Path/ }).fill(path)
    await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  }
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.getByRole('combobox', { name: 'From' }).selectOption('machine')
  await run(join(web.rig.folder, 'no-such.json'))
  await dialog.getByRole('alert').or(dialog.locator('.badge', { hasText: 'refused' })).first().waitFor()
  await run(good)
  await dialog.locator('.badge', { hasText: 'added' }).waitFor()
  await run(good)
  await dialog.locator('.badge', { hasText: /known|refused/ }).waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-import-machine')
  assert.ok(!(await page.content()).includes(minted.refresh_token))
  assert.deepEqual(problems.filter((it) => !/status of 4/.test(it)), [])
  await context.close()
})

/** The outcome and the reason of each line of an import's report. */
const lines = (dialog) =>
  dialog.locator('.vtable-body > [role=row]').evaluateAll((all) =>
    all.map((it) => [...it.querySelectorAll('[role=cell]')].map((cell) => cell.textContent)),
  )

test('a file is imported after it was checked, and a broken one changes nothing', async () => {
  const { page, problems, context } = await web.signedIn({}, '/accounts')
  await page.getByRole('link', { name: 'Pool' }).first().waitFor()
  const before = (await call('list_credentials', {})).length
  const dialog = page.getByRole('dialog')
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  const check = dialog.getByRole('button', { name: 'Check' })
  const file = dialog.getByLabel('File', { exact: true })
  const choose = (name, text) =>
    file.setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(text) })

  // Nothing, no format at all, JSON cut off in the middle, bytes.
  await check.click()
  await dialog.getByText('Choose a file or paste its text first').waitFor()
  for (const [name, text] of [
    ['diary.txt', 'Dear diary, canary'],
    ['cut.json', '{"accounts": [{"name": "canary'],
    ['bytes.bin', [0xff, 0xfe, 0x00, 0x01, 0x80]],
  ]) {
    await choose(name, text)
    await dialog.getByRole('alert').waitFor({ state: 'detached' })
    await check.click()
    await dialog.getByText('That did not work').waitFor()
    assert.ok(!(await dialog.textContent()).includes('canary'), name)
  }
  assert.deepEqual(await violations(page), [])
  assert.equal((await call('list_credentials', {})).length, before)

  // A list of keys with one line that is none: the report says which, and nothing is stored yet.
  const keys = ['fk-import-0123456789-0001', 'fk-import-0123456789-0002']
  await choose('keys.txt', `${keys.join('\n')}\n`)
  await check.click()
  await dialog.getByText('Nothing is stored yet').waitFor()
  const told = await lines(dialog)
  assert.ok(told.length > 0 && told.every((it) => it[0] === 'added' && it[3]), JSON.stringify(told))
  assert.equal((await call('list_credentials', {})).length, before)
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-import-checked')
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.getByText('Imported', { exact: true }).waitFor()
  assert.equal((await call('list_credentials', {})).length, before + 1)
  const shown = await page.content()
  for (const key of keys) assert.ok(!shown.includes(key))

  // The same pasted: known by now, so that there is nothing to import.
  await dialog.getByRole('combobox', { name: 'From' }).selectOption('text')
  await dialog.getByRole('textbox', { name: 'What is in the file' }).fill(keys.join('\n'))
  await check.click()
  await dialog.getByText(/^0 added, 0 merged, \d known already, 0 skipped$/).waitFor()
  assert.equal(await dialog.getByRole('button', { name: 'Import', exact: true }).count(), 0)
  // What is typed after a check has to be checked again.
  await dialog.getByRole('textbox', { name: 'What is in the file' }).fill('fk-import-0123456789-0003')
  await dialog.getByText('Nothing is stored yet').waitFor({ state: 'detached' })
  await check.waitFor()
  assert.deepEqual(problems.filter((it) => !/status of 4/.test(it)), [])
  await context.close()
})

test('accounts are exported sealed, come back with the passphrase, and in plain text only for who insists', async () => {
  const { page, problems, context } = await web.signedIn({}, '/accounts')
  const dialog = page.getByRole('dialog')
  const open = () => page.getByRole('button', { name: 'Export', exact: true }).click()
  const run = dialog.getByRole('button', { name: 'Export', exact: true })
  const passphrase = dialog.getByLabel('Passphrase', { exact: true }).and(page.locator('input'))
  const again = dialog.getByLabel('Passphrase again', { exact: true }).and(page.locator('input'))
  await open()
  await run.click()
  await dialog.getByText('This is needed').waitFor()
  await passphrase.fill('secret')
  await dialog.getByText('Strength: weak').waitFor()
  await passphrase.fill('correct horse battery staple')
  await dialog.getByText('Strength: strong').waitFor()
  await again.fill('correct horse')
  await run.click()
  await dialog.getByText('This is not the same').waitFor()
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-export')
  await again.fill('correct horse battery staple')
  const [sealed] = await Promise.all([page.waitForEvent('download'), run.click()])
  assert.match(sealed.suggestedFilename(), /^droid-accounts-\d{4}-\d\d-\d\d\.json$/)
  const file = await sealed.path()
  const text = readFileSync(file, 'utf8')
  for (const key of KEYS) assert.ok(!text.includes(key))
  await dialog.getByText(/was handed to your browser: \d+ accounts? with \d+ keys?/).waitFor()
  assert.deepEqual(await violations(page), [])
  // A host that saves no files can still copy it.
  await dialog.getByRole('button', { name: 'Copy what is in it' }).click()
  await page.waitForFunction(() => navigator.clipboard.readText().then((it) => it.length > 100))
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text)
  await dialog.getByRole('button', { name: 'Close' }).last().click()

  // It opens with its passphrase only, and brings back what was deleted.
  await call('delete_credential', { credential_id: pool })
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.getByLabel('File', { exact: true }).setInputFiles(file)
  const check = dialog.getByRole('button', { name: 'Check' })
  await check.click()
  const opening = dialog.getByLabel('Passphrase of the export', { exact: true }).and(page.locator('input'))
  await opening.fill('wrong')
  await check.click()
  await dialog.getByRole('alert').waitFor()
  assert.deepEqual(await violations(page), [])
  await opening.fill('correct horse battery staple')
  await check.click()
  await dialog.getByText('Nothing is stored yet').waitFor()
  await dialog.getByRole('button', { name: 'Import', exact: true }).click()
  await dialog.getByText('Imported', { exact: true }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  const back = (await call('list_credentials', {})).find((it) => it.name === 'Pool')
  assert.ok(back?.keys.total > 0)
  pool = back.id

  // In plain text: a warning, a tick, then a file that says everything.
  await open()
  await dialog.getByRole('combobox', { name: 'How it is protected' }).selectOption('plain')
  await dialog.getByText('The file holds every token and key in plain text').waitFor()
  const insist = dialog.getByRole('button', { name: 'Export in plain text' })
  assert.equal(await insist.getAttribute('aria-disabled'), 'true')
  assert.deepEqual(await violations(page), [])
  await dialog.getByRole('checkbox').check()
  const [plain] = await Promise.all([page.waitForEvent('download'), insist.click()])
  assert.ok(readFileSync(await plain.path(), 'utf8').includes(KEYS[0]))
  assert.ok(!(await page.content()).includes(KEYS[0]))
  assert.deepEqual(problems.filter((it) => !/status of 4/.test(it)), [])
  await context.close()
})

test('a proxy is tested before it is saved, and its password is never shown again', async () => {
  // A proxy that passes everything on to the fake upstream.
  const proxy = createServer((request, response) => {
    fetch(new URL(request.url, web.rig.base)).then(async (it) => response.writeHead(it.status).end(await it.text()))
  })
  proxy.on('connect', (request, socket, head) => {
    const [host, port] = request.url.split(':')
    const up = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      up.write(head)
      up.pipe(socket).pipe(up)
    })
    for (const it of [up, socket]) it.on('error', () => (up.destroy(), socket.destroy()))
  })
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { page, problems, context } = await web.signedIn({}, `/accounts/${pool}?tab=edit`)
  await settled(page)
  await page.getByRole('combobox', { name: 'Proxy kind' }).selectOption('http')
  const test = page.getByRole('button', { name: 'Test proxy' })
  await test.click()
  await page.getByText('This is needed').first().waitFor()
  await page.getByRole('textbox', { name: 'Host' }).fill('127.0.0.1')
  await page.getByRole('textbox', { name: 'Port' }).fill('1')
  await test.click()
  await page.getByText(/^The proxy does not work/).waitFor()
  await page.getByRole('textbox', { name: 'Port' }).fill(String(proxy.address().port))
  await page.getByRole('textbox', { name: /^User\b(?! agent)/ }).fill('ada')
  await page.getByLabel('Password', { exact: false }).and(page.locator('input')).fill('proxy-secret-1')
  await test.click()
  await page.getByText(/^The proxy answers/).waitFor()
  assert.deepEqual(await violations(page), [])
  await page.getByRole('button', { name: 'Save' }).click()
  await toast(page, 'Saved')
  await page.reload()
  await page.getByRole('option', { name: /^Leave as it is/ }).waitFor({ state: 'attached' })
  assert.ok(!(await page.content()).includes('proxy-secret-1'))
  await page.getByRole('combobox', { name: 'Proxy kind' }).selectOption('')
  await page.getByRole('button', { name: 'Save' }).click()
  await toast(page, 'Saved')
  assert.equal((await call('get_credential', { credential_id: pool })).has_proxy, false)
  assert.deepEqual(problems, [])
  await context.close()
  proxy.closeAllConnections()
  await new Promise((resolve) => proxy.close(resolve))
})

test('a request appears in the log as it ends, and opens on its life', async () => {
  const { page, problems, context } = await web.signedIn({}, '/requests')
  await page.getByText('No request', { exact: true }).waitFor()
  const { key } = await call('create_client_key', { name: 'Script' })
  const contents = 'words that no log may hold'
  const answer = await fetch(`${web.gateway.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model: 'claude-sonnet-4-5-20250929', max_tokens: 64, messages: [{ role: 'user', content: contents }] }),
  })
  assert.equal(answer.status, 200)
  await answer.text()
  // Without anybody touching the page.
  const row = page.locator('.vtable-body > [role=row]').first()
  await row.getByText('claude-sonnet-4-5-20250929').first().waitFor()
  await row.getByRole('link').click()
  await page.getByRole('heading', { name: 'Attempts' }).waitFor()
  await page.getByText('Script', { exact: true }).waitFor()
  await page.locator('.timeline').getByRole('link').waitFor()
  assert.ok(!(await page.content()).includes(contents))
  assert.deepEqual(await violations(page), [])
  await shot(page, 'web-request')
  // Filters are asked of the program.
  await page.getByRole('link', { name: /All requests/ }).click()
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('truncated')
  await page.getByText('No request matches', { exact: true }).waitFor()
  assert.deepEqual(problems, [])
  await context.close()
})

test('every client is set up with this gateway’s address and the key', async () => {
  const { page, context } = await web.signedIn({}, '/setup')
  await settled(page)
  const field = page.getByLabel('Client key to fill in', { exact: true }).and(page.locator('input'))
  await field.fill('dpk_pasted_by_hand')
  for (const name of ['Claude Code', 'Codex', 'Droid CLI', 'Python', 'JavaScript', 'Gemini SDK', 'curl']) {
    await page.getByRole('tab', { name, exact: true }).click()
    const blocks = await page.locator('pre:visible').allTextContents()
    const all = blocks.join('\n')
    assert.ok(all.includes(web.gateway.url), `${name}: ${all}`)
    assert.ok(all.includes('dpk_pasted_by_hand'), `${name}: ${all}`)
    await page.getByRole('button', { name: 'Copy' }).first().click()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), blocks[0])
  }
  await context.close()
})
