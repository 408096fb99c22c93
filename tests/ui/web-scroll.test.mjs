// A thousand accounts and a hundred thousand requests on the real binary: only what is in sight is
// in the page, and scrolling goes on. How long frames take is told, not judged: machines differ.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { caller, fill } from './seed.mjs'
import { createWeb, settled } from './web.mjs'

const ACCOUNTS = 1000
const REQUESTS = 100_000
/** Rows in sight on a screen of 900 pixels, and some around them. */
const MOST_ROWS = 60

let web

before(async () => {
  web = await createWeb()
  const call = caller(web.rig.plugin())
  const made = await Promise.all(
    Array.from({ length: ACCOUNTS }, (_, it) =>
      call('create_credential', {
        auth_type: 'api_key',
        config: { name: `Account ${String(it).padStart(4, '0')}`, api_keys: [`fk-scroll-0123456789-${it}`] },
      }),
    ),
  )
  fill(web.rig, {
    accounts: made.slice(0, 5).map((it) => it.credential_id),
    clientKeys: [],
    requests: REQUESTS,
    days: 7,
  })
})
after(() => web?.stop())

/** Counts frames, how late they were, and rows, until `stop()` is asked. */
const watch = (page) =>
  page.evaluate(() => {
    const seen = { frames: [], rows: 0, on: true }
    globalThis.seen = seen
    let last = performance.now()
    const look = (now) => {
      seen.frames.push(now - last)
      last = now
      seen.rows = Math.max(seen.rows, document.querySelectorAll('.vtable-body > [role=row]').length)
      if (seen.on) requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })

async function told(page, what) {
  const { frames, rows } = await page.evaluate(() => {
    globalThis.seen.on = false
    return globalThis.seen
  })
  frames.sort((a, b) => a - b)
  const at = (share) => frames[Math.floor((frames.length - 1) * share)].toFixed(1)
  console.log(
    `# ${what}: ${frames.length} frames, median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, longest ${at(1)} ms; at most ${rows} rows in the page`,
  )
  assert.ok(rows <= MOST_ROWS, `${rows} rows are in the page`)
  assert.ok(rows > 5, `${rows} rows are in the page`)
}

/** Turns the wheel over the table until `done` says so in the page; answers how often. */
async function wheel(page, by, done) {
  await page.locator('.vtable').hover()
  for (let turns = 1; turns <= 5000; turns += 1) {
    await page.mouse.wheel(0, by)
    // A turn is over when it was painted.
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)))
    if (await page.evaluate(done)) return turns
  }
  throw new Error(`5000 turns of the wheel were not enough for ${done}`)
}

const END = "(it => it.scrollTop + it.clientHeight >= it.scrollHeight - 4)(document.querySelector('.vtable'))"

test('a thousand accounts scroll from the first to the last', async () => {
  const { page, problems, context } = await web.signedIn({}, '/accounts')
  await page.getByText('1,000 accounts', { exact: true }).waitFor()
  await settled(page)
  await watch(page)
  await wheel(page, 600, END)
  await page.getByRole('link', { name: 'Account 0999' }).waitFor()
  await told(page, 'accounts')
  // Filters and sorts answer at once on all of them.
  await page.getByRole('searchbox', { name: 'Search' }).fill('Account 0777')
  await page.getByText('1 account', { exact: true }).waitFor()
  assert.deepEqual(problems, [])
  await context.close()
})

test('a hundred thousand requests scroll to the very first', async () => {
  const { page, problems, context } = await web.signedIn({}, '/requests')
  await settled(page)
  await page.getByText('200 requests shown').waitFor()
  await watch(page)
  // Down and down: older ones are fetched on the way.
  const all = `${END} && document.querySelector('.vtable').getAttribute('aria-rowcount') === '${REQUESTS + 1}'`
  await wheel(page, 20_000, all)
  await page.getByText('100,000 requests shown').waitFor()
  await page.locator(`.vtable [aria-rowindex="${REQUESTS + 1}"]`).waitFor()
  await told(page, 'requests, to the end')
  // Slowly, as somebody who reads.
  await watch(page)
  await page.evaluate(() => {
    globalThis.turns = 0
  })
  await wheel(page, -240, '(globalThis.turns += 1) > 150')
  await told(page, 'requests, read upwards')
  assert.deepEqual(problems, [])
  await context.close()
})

test('what comes in above does not push away what is being read', async () => {
  const { page, context } = await web.signedIn({}, '/requests')
  await settled(page)
  await page.getByText('200 requests shown').waitFor()
  await wheel(page, 1500, "document.querySelector('.vtable').scrollTop > 3000")
  const first = () =>
    page.evaluate(() => {
      const table = document.querySelector('.vtable')
      const top = table.getBoundingClientRect().top + table.querySelector('.vtable-head').offsetHeight
      const row = [...table.querySelectorAll('.vtable-body > [role=row]')].find(
        (it) => it.getBoundingClientRect().bottom > top,
      )
      return [row.querySelector('a').getAttribute('href'), Math.round(row.getBoundingClientRect().top - top)]
    })
  const before = await first()
  const shown = await page.locator('.vtable').getAttribute('aria-rowcount')
  fill(web.rig, { accounts: [], clientKeys: [], requests: 40, days: 0, name: 'late' })
  await page.waitForFunction(
    (it) => document.querySelector('.vtable').getAttribute('aria-rowcount') !== it,
    shown,
  )
  // Rows are as high as they turn out to be: a few pixels are not the place that was lost.
  const [row, top] = await first()
  assert.equal(row, before[0])
  assert.ok(Math.abs(top - before[1]) <= 12, `${before[1]} became ${top}`)
  await context.close()
})
