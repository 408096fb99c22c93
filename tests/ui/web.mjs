// The standalone page on a gateway of its own: what its tests begin with.
import { ADMIN_KEY, createBrowser, createRig, openPage } from './rig.mjs'

/** The pages that stand in the navigation, and the one that adds an account. */
export const PAGES = [
  '/',
  '/accounts',
  '/accounts/new',
  '/groups',
  '/client-keys',
  '/requests',
  '/playground',
  '/setup',
  '/settings',
  '/maintenance',
]

export async function createWeb(config) {
  const rig = await createRig(config)
  const gateway = await rig.serve()
  const browser = await createBrowser()
  const web = {
    rig,
    gateway,
    browser,
    /** A page that is signed in. */
    signedIn: async (options, path = '/') => {
      const opened = await openPage(browser, options)
      const { page } = opened
      await page.goto(web.gateway.url + path)
      await page.locator('input[type=password]').fill(ADMIN_KEY)
      await page.keyboard.press('Enter')
      await page.locator('nav').waitFor({ state: 'attached' })
      // The browser itself notes that the session was asked for before there was one.
      opened.problems.splice(0)
      return opened
    },
    /** Goes to a page and waits until all of it is there. */
    open: async (page, path) => {
      await page.goto(web.gateway.url + path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await settled(page)
    },
    stop: async () => {
      await browser.close()
      await rig.stop()
    },
  }
  return web
}

export const settled = (page) =>
  page.waitForFunction(() => document.querySelector('.dp') && !document.querySelector('.skeleton'))

export const toast = (page, text) => page.getByRole('status').getByText(text).first().waitFor()

export async function menu(page, name, item) {
  await page.getByRole('button', { name: `More actions for ${name}` }).click()
  await page.getByRole('menuitem', { name: item, exact: true }).click()
}

/** Waits until an element with this text has the focus. */
export const focusOn = (page, text) =>
  page.waitForFunction((it) => document.activeElement?.textContent?.trim() === it, text)

/** Tab by tab to the element that `find` names: a person without a mouse has no other way. */
export async function tabTo(page, find, most = 80) {
  const target = find.first()
  await target.waitFor()
  for (let n = 0; n < most; n += 1) {
    if (await target.evaluate((it) => it === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${find}`)
}
