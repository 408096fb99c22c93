// The dashboard on usage that is known: every figure by the hour and by the day, where the reader is.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { shot, violations } from './rig.mjs'
import { caller, fill, fillUsage } from './seed.mjs'
import { createWeb, settled } from './web.mjs'

const HOUR = 3_600_000
// Half an hour off, so that an hour or a day that is taken for UTC's shows.
const ZONE = 'Asia/Kolkata'
// Yesterday at 20:00 in UTC is half past one of the next day there.
const LATE = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR - 4 * HOUR
const there = (options) => new Intl.DateTimeFormat('en-US', { ...options, timeZone: ZONE })

let web, names

before(async () => {
  web = await createWeb()
  const call = caller(web.rig.plugin())
  const account = async (name) =>
    (await call('create_credential', { auth_type: 'api_key', config: { name, api_keys: [`fk-dash-0123456789-${name}`] } })).credential_id
  names = { good: await account('Good'), poor: await account('Poor') }
  const { id: clientKey } = await call('create_client_key', { name: 'Laptop' })
  const row = { hour: LATE, account: names.good, clientKey, model: 'glm-4.6', outcome: 'ok', requests: 40 }
  fillUsage(web.rig, [
    row,
    { ...row, hour: LATE + HOUR, requests: 20 },
    { ...row, hour: LATE - 3 * 24 * HOUR, requests: 30, clientKey: '' },
    { ...row, account: names.poor, model: 'gpt-5-2025-08-07', requests: 60 },
    { ...row, account: names.poor, model: 'gpt-5-2025-08-07', outcome: 'error:rate', requests: 20 },
    // Says nothing of the account.
    { ...row, account: names.poor, outcome: 'error:request', requests: 10 },
    { ...row, account: names.poor, outcome: 'client_closed', requests: 5 },
  ])
  fill(web.rig, { accounts: [names.good], clientKeys: [clientKey], requests: 50, days: 0 })
})
after(() => web?.stop())

const card = (page, name) =>
  page.locator('.card').filter({ has: page.getByRole('heading', { name, level: 2, exact: true }) })

/** What stands in the table behind a chart: `{label: [values]}`. */
async function table(page, name) {
  const button = card(page, name).getByRole('button', { name: /^Show as a table/ })
  if (await button.count()) await button.click()
  const rows = await card(page, name).locator('tbody tr').evaluateAll((all) =>
    all.map((it) => [...it.children].map((cell) => cell.textContent)),
  )
  return Object.fromEntries(rows.map(([label, ...values]) => [label, values]))
}

test('every figure is there by the hour and by the day of the reader, and as a table', async () => {
  const { page, problems, context } = await web.signedIn({ timezoneId: ZONE })
  await page.getByRole('combobox', { name: 'Time span' }).selectOption('week')
  const tile = (name) => page.locator('.tile').filter({ hasText: name }).locator('.tile-value').first()
  await tile('Requests').getByText('185', { exact: true }).waitFor()
  // 150 went well and 20 were refused: the rest says nothing.
  assert.equal(await tile('Success').textContent(), '88.2%')
  assert.equal(await tile('Cost').textContent(), '$0.185')
  assert.notEqual(await tile('Latency').textContent(), '–')
  assert.notEqual(await tile('First token').textContent(), '–')

  const hour = there({ month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' })
  const hours = await table(page, 'Requests')
  assert.equal(Object.keys(hours).length, 169)
  assert.deepEqual(hours[hour.format(LATE)], ['135', '30'])
  assert.deepEqual(hours[hour.format(LATE + HOUR)], ['20', '0'])
  assert.deepEqual(hours[hour.format(LATE + 2 * HOUR)], ['0', '0'])

  await page.getByRole('combobox', { name: 'In steps of' }).selectOption('day')
  const day = there({ month: 'short', day: 'numeric' })
  await card(page, 'Requests').getByRole('rowheader', { name: day.format(LATE), exact: true }).waitFor()
  const days = await table(page, 'Requests')
  assert.equal(Object.keys(days).length, 8)
  assert.deepEqual(days[day.format(LATE)], ['155', '30'])
  assert.deepEqual(days[day.format(LATE - 3 * 24 * HOUR)], ['30', '0'])
  assert.deepEqual((await table(page, 'Success'))[day.format(LATE)], ['85.7%'])
  assert.deepEqual((await table(page, 'Success'))[day.format(LATE - 24 * HOUR)], ['–'])
  assert.equal((await table(page, 'Tokens'))[day.format(LATE)][0], '15.5K')
  assert.deepEqual((await table(page, 'Cost'))[day.format(LATE)], ['$0.155'])
  for (const name of ['Latency', 'First token']) {
    await card(page, name).getByRole('button', { name: /^Show as a table/ }).click()
    await card(page, name).getByRole('cell', { name: /s$/ }).first().waitFor()
    const waits = Object.values(await table(page, name)).filter((it) => it[0] !== '–')
    assert.ok(waits.length > 0, name)
    for (const it of waits) assert.ok(it.every((one) => /\sm?s$/.test(one)), `${name}: ${it}`)
  }
  assert.deepEqual(await violations(page, ':root'), [])
  await shot(page, 'web-dashboard-tables')
  // And back to pictures, which say their figures in words too.
  await card(page, 'Requests').getByRole('button', { name: /^Show as a chart/ }).click()
  await page.getByRole('img', { name: 'Requests. All: 185; Failed: 30' }).waitFor()
  await page.getByRole('combobox', { name: 'Time span' }).selectOption('quarter')
  await page.getByRole('img', { name: 'Requests. All: 185; Failed: 30' }).waitFor()
  assert.deepEqual(problems, [])
  await context.close()
})

test('the week by hours is that of the reader, and shows what is chosen', async () => {
  const { page, problems, context } = await web.signedIn({ timezoneId: ZONE })
  await page.getByRole('combobox', { name: 'Time span' }).selectOption('week')
  const heat = card(page, 'By weekday and hour')
  await heat.getByText(/in your time zone \(UTC\+05:30\)/).waitFor()
  await heat.getByRole('button', { name: /^Show as a table/ }).click()
  const weekday = there({ weekday: 'short' }).format(LATE)
  const cells = async () =>
    heat.getByRole('row', { name: new RegExp(`^${weekday}`) }).locator('td').allTextContents()
  // 20:00 in UTC is 01:30: in the hour that begins at one.
  const requests = await cells()
  assert.deepEqual([requests[0], requests[1], requests[2], requests[3]], ['0', '135', '20', '0'])
  await heat.getByRole('combobox', { name: 'What is counted' }).selectOption('cost')
  await heat.getByText('Darkest: $0.135').waitFor()
  assert.equal((await cells())[1], '$0.135')
  await heat.getByRole('combobox', { name: 'What is counted' }).selectOption('tokens')
  await heat.getByText('Darkest: 14.9K').waitFor()
  assert.deepEqual(await violations(page, ':root'), [])
  assert.deepEqual(problems, [])
  await context.close()
})

for (const width of [360, 1280]) {
  test(`who is used most, and who succeeds most, at ${width} pixels`, async () => {
    const { page, context } = await web.signedIn({ viewport: { width, height: 900 } })
    await page.getByRole('combobox', { name: 'Time span' }).selectOption('week')
    const ranking = (name) => page.getByRole('table', { name, exact: true })
    const rows = (name) =>
      ranking(name).locator('.vtable-body > [role=row]').evaluateAll((all) =>
        all.map((it) => [...it.querySelectorAll('[role=cell]')].slice(0, 3).map((cell) => cell.textContent)),
      )
    await ranking('By account').getByText('Poor').waitFor()
    assert.deepEqual(await rows('By account'), [['Poor', '95', '75%'], ['Good', '90', '100%']])
    assert.deepEqual(await rows('Success ranking'), [['Good', '90', '100%'], ['Poor', '95', '75%']])
    assert.deepEqual(await rows('By client key'), [['Laptop', '155', '85.7%'], ['Without a client key', '30', '100%']])
    assert.deepEqual((await rows('By model')).map((it) => it[0]), ['glm-4.6', 'gpt-5-2025-08-07'])
    await settled(page)
    for (const it of await page.locator('.vtable, .scroll-x, .chart').all()) {
      const over = await it.evaluate((one) => one.scrollWidth - one.clientWidth)
      assert.ok(over <= 0, `${await it.getAttribute('aria-label')} is ${over} px too wide`)
    }
    await context.close()
  })
}

test('an hour from before the clocks were changed is the one they showed then', async () => {
  // Berlin's clocks went back an hour on 25 October 2026: a Friday before, a Monday after.
  const row = { account: names.good, clientKey: '', model: 'glm-4.6', outcome: 'ok' }
  fillUsage(web.rig, [
    { ...row, hour: Date.parse('2026-10-23T03:00:00Z'), requests: 7 },
    { ...row, hour: Date.parse('2026-10-26T04:00:00Z'), requests: 9 },
  ])
  const { page, problems, context } = await web.signedIn({ timezoneId: 'Europe/Berlin' })
  await page.clock.setFixedTime('2026-11-10T12:00:00Z')
  await web.open(page, '/')
  await page.getByRole('combobox', { name: 'Time span' }).selectOption('quarter')
  const heat = card(page, 'By weekday and hour')
  await heat.getByText('(UTC+02:00 → UTC+01:00)').waitFor()
  await heat.getByRole('button', { name: /^Show as a table/ }).click()
  const at = async (day) =>
    (await heat.getByRole('row', { name: new RegExp(`^${day}`) }).locator('td').allTextContents())[5]
  assert.deepEqual([await at('Fri'), await at('Mon')], ['7', '9'])
  // Days have one beginning all along; the page says which.
  await page.getByText(/^The clocks were changed in this time. Days are those of UTC\+01:00/).waitFor()
  await page.getByRole('combobox', { name: 'Time span' }).selectOption('day')
  await heat.getByText('(UTC+02:00 → UTC+01:00)').waitFor()
  await page.getByText(/^The clocks were changed/).waitFor({ state: 'detached' })
  assert.deepEqual(problems, [])
  await context.close()
})
