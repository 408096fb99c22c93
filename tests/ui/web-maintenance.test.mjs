// Backups and the check-up on the real program: what the page shows is what is on the disk.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { shot, violations } from './rig.mjs'
import { caller } from './seed.mjs'
import { createWeb, toast } from './web.mjs'

let web, call, data

before(async () => {
  web = await createWeb()
  call = caller(web.rig.plugin())
  data = join(web.rig.folder, 'data')
  await web.rig.control('keys', { key: 'fk-maintenance-0123456789-1' })
  await call('create_credential', {
    auth_type: 'api_key',
    config: { name: 'Pool', api_keys: ['fk-maintenance-0123456789-1'] },
  })
})
after(() => web?.stop())

const rows = (page, name) =>
  page.getByRole('table', { name }).locator('.vtable-body > [role=row]').evaluateAll((all) =>
    all.map((it) => [...it.querySelectorAll('[role=cell]')].map((cell) => cell.textContent)),
  )

for (const [locale, colorScheme, width] of [
  ['en-US', 'light', 1280],
  ['en-US', 'dark', 360],
  ['zh-CN', 'dark', 1280],
  ['zh-CN', 'light', 360],
]) {
  test(`a check-up of a well installation: ${locale}, ${colorScheme}, ${width} pixels`, async () => {
    const viewport = { width, height: 900 }
    const { page, problems, context } = await web.signedIn({ locale, colorScheme, viewport }, '/maintenance')
    const zh = locale === 'zh-CN'
    await page.getByRole('button', { name: zh ? '开始检查' : 'Run the checks' }).click()
    await page.getByText(zh ? '没有发现问题' : 'Nothing is wrong').waitFor()
    const found = await rows(page, zh ? '体检' : 'Check-up')
    assert.ok(found.length >= 10, JSON.stringify(found))
    if (zh) {
      // Paths alone have no words.
      const words = found.filter((it) => !it[2].startsWith('/'))
      assert.ok(words.length >= 7)
      for (const it of words) assert.ok(it.every((one) => /\p{Script=Han}/u.test(one)), JSON.stringify(it))
    }
    assert.deepEqual(await violations(page, ':root'), [])
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(wide <= 0, `${wide} px too wide`)
    await shot(page, `web-${width}-${locale}-${colorScheme}-maintenance-checked`)
    assert.deepEqual(problems, [])
    await context.close()
  })
}

test('a check-up names what is wrong and what to do, and again once that was done', async () => {
  const { page, context } = await web.signedIn({}, '/maintenance')
  chmodSync(data, 0o755)
  await page.getByRole('switch', { name: 'Without the network' }).click()
  await page.getByRole('button', { name: 'Run the checks' }).click()
  await page.getByText('1 thing is wrong').waitFor()
  const [first, ...others] = await rows(page, 'Check-up')
  assert.deepEqual(first, ['Wrong', 'Permissions', `others can read your accountsWhat to do: chmod go= ${data}`])
  assert.ok(!others.some((it) => ['Clock', 'Reachability'].includes(it[1])))
  assert.deepEqual(await violations(page, ':root'), [])
  await shot(page, 'web-maintenance-wrong')
  chmodSync(data, 0o700)
  await page.getByRole('button', { name: 'Run them again' }).click()
  await page.getByText('Nothing is wrong').waitFor()
  await context.close()
})

test('a backup is made, put back with the command that is shown, and removed', async () => {
  const { page, problems, context } = await web.signedIn({}, '/maintenance')
  await page.getByText('No backup yet').waitFor()
  await shot(page, 'web-maintenance-none')
  await page.getByRole('button', { name: 'Back up now' }).click()
  await toast(page, /was written \(/)
  const listed = page.getByRole('table', { name: 'Backups' })
  await listed.waitFor()
  const [[name, , size, why]] = await rows(page, 'Backups')
  assert.match(size, /^[\d.]+ (kB|MB)$/)
  assert.equal(why, 'Asked for')
  assert.ok(readdirSync(join(data, 'backups')).includes(name))
  assert.deepEqual(await violations(page, ':root'), [])

  // What is lost afterwards comes back with the command as it stands there.
  const [{ id }] = await call('list_credentials', {})
  await call('delete_credential', { credential_id: id })
  const command = (await page.locator('pre').textContent()).split(' ')
  assert.deepEqual(command, ['droid-provider-cli', 'restore', name])
  web.rig.run(...command.slice(1), '--yes')
  assert.deepEqual((await call('list_credentials', {})).map((it) => it.name), ['Pool'])
  // What there was before it was kept, too.
  await page.reload()
  await listed.getByText('Before a restore').waitFor()
  await shot(page, 'web-maintenance')

  await page.getByRole('button', { name: `Remove ${name}` }).click()
  const dialog = page.getByRole('dialog', { name: `Remove ${name}?` })
  assert.deepEqual(await violations(page, ':root'), [])
  await dialog.getByRole('button', { name: 'Remove' }).click()
  await toast(page, `${name} was removed`)
  await listed.getByText(name, { exact: true }).waitFor({ state: 'detached' })
  assert.ok(!existsSync(join(data, 'backups', name)))
  assert.deepEqual(problems, [])
  await context.close()
})
