// The main paths without a mouse: every control is come to by Tab, and pressed by Enter or Space.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { createWeb, focusOn, settled, tabTo, toast } from './web.mjs'

let web
before(async () => {
  web = await createWeb()
})
after(() => web?.stop())

/** The words of the two languages on these paths. */
const WORDS = {
  'en-US': {
    accounts: 'Accounts', add: 'Add account', keysTab: 'API keys', keys: /API keys/, name: /^Name/,
    addKeys: 'Add keys', added: /added/, clientKeys: 'Client keys', createKey: 'Create key',
    copied: 'I have copied it', settings: 'Settings', attempts: 'Attempts', save: 'Save', saved: 'Saved',
    more: /^More actions for/, remove: 'Delete',
  },
  'zh-CN': {
    accounts: '账户', add: '添加账户', keysTab: 'API Key', keys: /API Key/, name: /^名称/,
    addKeys: '添加 Key', added: /添加/, clientKeys: '客户端密钥', createKey: '创建密钥',
    copied: /复制/, settings: '设置', attempts: '最多尝试账户数', save: '保存', saved: '已保存',
    more: /更多操作|更多/, remove: '删除',
  },
}

for (const [locale, colorScheme] of [
  ['en-US', 'light'],
  ['en-US', 'dark'],
  ['zh-CN', 'light'],
  ['zh-CN', 'dark'],
]) {
  test(`by keyboard alone: ${locale}, ${colorScheme}`, async () => {
    const word = WORDS[locale]
    const mark = `${locale}-${colorScheme}`.toLowerCase()
    const { page, problems, context } = await web.signedIn({ locale, colorScheme }, '/accounts')
    const press = async (find, key = 'Enter') => {
      await tabTo(page, find)
      await page.keyboard.press(key)
    }
    const nav = page.getByRole('navigation')
    await settled(page)

    // An account of pasted keys.
    await press(page.getByRole('button', { name: word.add }))
    const ways = page.getByRole('tab')
    await tabTo(page, ways.first())
    await page.keyboard.press('ArrowRight')
    await focusOn(page, word.keysTab)
    await tabTo(page, page.getByRole('textbox', { name: word.keys }))
    await page.keyboard.type(`fk-${mark}-0123456789-0001`)
    await tabTo(page, page.getByRole('textbox', { name: word.name }))
    await page.keyboard.type(`Keyboard ${mark}`)
    await page.keyboard.press('Enter')
    // The new page begins at its heading.
    await focusOn(page, `Keyboard ${mark}`)
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1')

    // More keys for it.
    await press(page.getByRole('button', { name: word.addKeys }))
    const dialog = page.getByRole('dialog')
    await tabTo(page, dialog.getByRole('textbox'))
    await page.keyboard.type(`fk-${mark}-0123456789-0002`)
    await press(dialog.getByRole('button', { name: word.addKeys }), 'Space')
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('…0002', { exact: true }).waitFor()
    // A closed dialog gives the focus back to what opened it.
    await focusOn(page, word.addKeys)

    // A client key.
    await press(nav.getByRole('link', { name: word.clientKeys }))
    await settled(page)
    await press(page.getByRole('button', { name: word.createKey }))
    await tabTo(page, dialog.getByRole('textbox').first())
    await page.keyboard.type(`Key ${mark}`)
    await press(dialog.getByRole('button', { name: word.createKey }))
    await page.locator('[data-secret]').waitFor()
    await press(dialog.getByRole('button', { name: word.copied }).last())
    await dialog.waitFor({ state: 'detached' })
    await page.getByText(`Key ${mark}`, { exact: true }).waitFor()

    // A setting.
    await press(nav.getByRole('link', { name: word.settings }))
    await settled(page)
    const attempts = page.getByRole('textbox', { name: word.attempts }).first()
    await tabTo(page, attempts, 200)
    const next = (await attempts.inputValue()) === '4' ? '6' : '4'
    await page.keyboard.press('Control+a')
    await page.keyboard.type(next)
    await press(page.getByRole('button', { name: word.save, exact: true }))
    await toast(page, word.saved)
    assert.deepEqual(problems, [])
    await context.close()
  })
}

test('a menu is walked with arrows, and Escape leaves a dialog where it was opened', async () => {
  const { page, context } = await web.signedIn({}, '/accounts')
  await settled(page)
  await tabTo(page, page.getByRole('button', { name: /^More actions for/ }))
  await page.keyboard.press('Enter')
  const remove = page.getByRole('menuitem', { name: 'Delete' })
  await remove.waitFor()
  for (let n = 0; n < 12; n += 1) {
    const before = await page.evaluate(() => document.activeElement?.textContent)
    if (before === 'Delete') break
    await page.keyboard.press('ArrowDown')
    await page.waitForFunction((it) => document.activeElement?.textContent !== it, before)
  }
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.waitForFunction(() => /^More actions for/.test(document.activeElement?.textContent ?? ''))
  await context.close()
})

test('the way back from a page\'s heading leads to a link that skips the navigation', async () => {
  const { page, context } = await web.signedIn({}, '/accounts')
  await settled(page)
  await focusOn(page, 'Accounts')
  const skip = page.getByRole('link', { name: 'Skip to the page' })
  for (let n = 0; n < 40; n += 1) {
    if (await skip.evaluate((it) => it === document.activeElement)) break
    await page.keyboard.press('Shift+Tab')
  }
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.activeElement?.tagName === 'MAIN')
  await context.close()
})
