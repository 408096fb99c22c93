// Every page and every dialog: nothing for axe to find, nothing cut off at any width, in both
// themes and languages. The screenshots are for people.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { shot, violations } from './rig.mjs'
import { seed } from './seed.mjs'
import { createWeb, menu, PAGES, settled } from './web.mjs'

let web, seeded, pages

before(async () => {
  web = await createWeb()
  seeded = await seed(web.rig)
  pages = [
    ...PAGES,
    `/accounts/${seeded.pool}`,
    `/accounts/${seeded.pool}?tab=edit`,
    `/accounts/${seeded.signedIn[0]}`,
    '/requests/req_seed00000007',
    '/accounts/no-such-account',
  ]
})
after(() => web?.stop())

const nameOf = (path) =>
  path === '/' ? 'dashboard' : path.slice(1).replace(seeded.pool, 'pool').replace(seeded.signedIn[0], 'account').replace(/[/?=]/g, '-')

for (const locale of ['en-US', 'zh-CN']) {
  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing on any page: ${locale}, ${colorScheme}`, async () => {
      const { page, problems, context } = await web.signedIn({ locale, colorScheme })
      for (const path of pages) {
        await web.open(page, path)
        assert.deepEqual(await violations(page, ':root'), [], path)
        await shot(page, `web-1280-${locale}-${colorScheme}-${nameOf(path)}`)
      }
      // The browser itself notes the account that there is not.
      assert.deepEqual(problems.filter((it) => !/status of 404/.test(it)), [])
      await context.close()
    })
  }
}

test('every setting has its name in Chinese too', async () => {
  const { page, context } = await web.signedIn({ locale: 'zh-CN' })
  await web.open(page, '/settings')
  const labels = await page.locator('.fields .label').allTextContents()
  assert.ok(labels.length > 30)
  assert.deepEqual(labels.filter((it) => !/\p{Script=Han}/u.test(it)), ['User-Agent'])
  await context.close()
})

for (const width of [360, 3840]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`nothing is cut off at ${width} pixels: ${colorScheme}`, async () => {
      const viewport = { width, height: width > 1000 ? 2160 : 740 }
      const { page, context } = await web.signedIn({ viewport, colorScheme })
      for (const path of pages) {
        await web.open(page, path)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        assert.ok(wide <= 0, `${path} is ${wide} px too wide`)
        await shot(page, `web-${width}-${colorScheme}-${nameOf(path)}`)
      }
      await context.close()
    })
  }
}

/** How each dialog is come to. */
const DIALOGS = {
  import: async (page) => {
    await web.open(page, '/accounts')
    await page.getByRole('button', { name: 'Import', exact: true }).click()
  },
  'import-text': async (page) => {
    await DIALOGS.import(page)
    await page.getByRole('combobox', { name: 'From' }).selectOption('text')
    await page.getByRole('textbox', { name: 'What is in the file' }).fill('fk-looks-0123456789-0001\n')
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('Nothing is stored yet').waitFor()
  },
  'import-machine': async (page) => {
    await DIALOGS.import(page)
    await page.getByRole('combobox', { name: 'From' }).selectOption('machine')
  },
  export: async (page) => {
    await web.open(page, '/accounts')
    await page.getByRole('button', { name: 'Export', exact: true }).click()
    await page.getByLabel('Passphrase', { exact: true }).and(page.locator('input')).fill('correct horse')
  },
  'export-plain': async (page) => {
    await DIALOGS.export(page)
    await page.getByRole('combobox', { name: 'How it is protected' }).selectOption('plain')
  },
  'export-keys': async (page) => {
    await web.open(page, `/accounts/${seeded.pool}`)
    await page.getByRole('button', { name: 'Export keys' }).click()
    await page.getByRole('combobox', { name: 'What to export' }).selectOption('keys')
    await page.getByText('The file holds the keys in plain text').waitFor()
  },
  'remove-keys': async (page) => {
    await web.open(page, `/accounts/${seeded.pool}`)
    await menu(page, '…3000', 'Remove')
  },
  'edit-group': async (page) => {
    await web.open(page, '/groups')
    await page.getByRole('button', { name: 'Edit' }).first().click()
  },
  'delete-group': async (page) => {
    await web.open(page, '/groups')
    await page.getByRole('button', { name: 'Delete' }).first().click()
  },
  'edit-client-key': async (page) => {
    await web.open(page, '/client-keys')
    await menu(page, 'Build machine', 'Edit')
  },
  'delete-client-key': async (page) => {
    await web.open(page, '/client-keys')
    await menu(page, 'Build machine', 'Delete')
  },
  'delete-account': async (page) => {
    await web.open(page, '/accounts')
    await menu(page, 'Ada Lovelace', 'Delete')
  },
  'add-keys': async (page) => {
    await web.open(page, `/accounts/${seeded.pool}`)
    await page.getByRole('button', { name: 'Add keys' }).click()
  },
  'move-keys': async (page) => {
    await web.open(page, `/accounts/${seeded.pool}`)
    await menu(page, '…3000', 'Move…')
  },
  group: async (page) => {
    await web.open(page, '/groups')
    await page.getByRole('button', { name: 'Add group' }).click()
  },
  'client-key': async (page) => {
    await web.open(page, '/client-keys')
    await page.getByRole('button', { name: 'Create key' }).click()
  },
  'client-key-secret': async (page) => {
    await web.open(page, '/client-keys')
    await menu(page, 'Laptop', 'Rotate')
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await page.locator('[data-secret]').waitFor()
  },
}

for (const colorScheme of ['light', 'dark']) {
  for (const width of [360, 1280]) {
    test(`axe finds nothing in any dialog: ${colorScheme}, ${width} pixels`, async () => {
      const { page, problems, context } = await web.signedIn({ colorScheme, viewport: { width, height: 800 } })
      for (const [name, open] of Object.entries(DIALOGS)) {
        await open(page)
        await page.getByRole('dialog').waitFor()
        await settled(page)
        assert.deepEqual(await violations(page, ':root'), [], name)
        const over = await page
          .getByRole('dialog')
          .evaluate((it) => it.scrollWidth - it.clientWidth)
        assert.ok(over <= 0, `${name} is ${over} px too wide inside`)
        await shot(page, `web-${width}-${colorScheme}-dialog-${name}`)
      }
      await web.open(page, '/accounts')
      await page.getByRole('button', { name: 'More actions for Ada Lovelace' }).click()
      await page.getByRole('menu').waitFor()
      assert.deepEqual(await violations(page, ':root'), [], 'menu')
      await shot(page, `web-${width}-${colorScheme}-menu`)
      assert.deepEqual(problems, [])
      await context.close()
    })
  }
}
