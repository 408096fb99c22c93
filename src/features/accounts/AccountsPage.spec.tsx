import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'

import { UserError } from '../../api/errors'
import { account, apiKey, createBackend } from '../../testing/backend'
import { show } from '../../testing/render'

const rows = () => screen.getAllByRole('row').slice(1)
const many = () =>
  createBackend([
    account({ id: 'a1', name: 'Alpha', owner_email: 'ann@example.com', health: 'healthy' }),
    account({
      id: 'a2',
      name: 'Beta',
      health: 'cooling',
      cooling: { until: '2099-01-01T00:00:00Z', reason: 'upstream answered 429' },
    }),
    account({
      id: 'a3',
      name: 'Gamma',
      auth_type: 'api_key',
      groups: ['fast'],
      keys: [apiKey(), apiKey({ id: 'k2', status: 'banned' })],
    }),
  ])

test('shows each account with its health, and how many keys are active', async () => {
  show(many(), '/accounts')
  expect(await screen.findByRole('button', { name: 'Alpha' })).toBeVisible()
  expect(rows()).toHaveLength(3)
  expect(screen.getByText(/upstream answered 429/)).toBeVisible()
  expect(screen.getByText('1 of 2 active, 1 banned')).toBeVisible()
})

test('search, filters and clearing them', async () => {
  const { user } = show(many(), '/accounts')
  const search = await screen.findByRole('searchbox', { name: 'Search' })
  await user.type(search, 'ann@')
  expect(rows()).toHaveLength(1)
  expect(screen.getByText('1 account')).toBeVisible()
  await user.clear(search)
  await user.selectOptions(screen.getByRole('combobox', { name: 'Group' }), 'fast')
  expect(within(rows()[0] as HTMLElement).getByText('Gamma')).toBeVisible()
  await user.selectOptions(screen.getByRole('combobox', { name: 'Health' }), 'error')
  expect(screen.getByText('No account matches')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Clear filters' }))
  expect(rows()).toHaveLength(3)
})

test('sorting says its direction', async () => {
  const { user } = show(many(), '/accounts')
  const head = await screen.findByRole('columnheader', { name: 'Account' })
  expect(head).toHaveAttribute('aria-sort', 'ascending')
  await user.click(within(head).getByRole('button'))
  expect(head).toHaveAttribute('aria-sort', 'descending')
  expect(within(rows()[0] as HTMLElement).getByText('Gamma')).toBeVisible()
})

test('an account is deleted only after a person has confirmed it', async () => {
  const backend = many()
  const { user } = show(backend, '/accounts')
  await user.click(await screen.findByRole('button', { name: 'More actions for Alpha' }))
  await user.click(await screen.findByRole('menuitem', { name: 'Delete' }))
  const dialog = await screen.findByRole('dialog', { name: 'Delete Alpha?' })
  await user.click(within(dialog).getByRole('button', { name: 'Cancel' }))
  expect(backend.accounts).toHaveLength(3)
  await user.click(screen.getByRole('button', { name: 'More actions for Alpha' }))
  await user.click(await screen.findByRole('menuitem', { name: 'Delete' }))
  const again = await screen.findByRole('dialog')
  await user.click(within(again).getByRole('button', { name: 'Delete' }))
  expect(await screen.findByText('Alpha was deleted')).toBeVisible()
  expect(backend.accounts).toHaveLength(2)
})

test('what cannot be done says why', async () => {
  const { user } = show(many(), '/accounts')
  await user.click(await screen.findByRole('button', { name: 'More actions for Gamma' }))
  const item = await screen.findByRole('menuitem', { name: /Refresh token now/ })
  expect(item).toHaveAttribute('aria-disabled', 'true')
  expect(item).toHaveTextContent('A pool of keys has no token')
})

test('with no account it says how to get one', async () => {
  show(createBackend(), '/accounts')
  expect(await screen.findByText('No account yet')).toBeVisible()
})

test('a failed load says so and can be tried again', async () => {
  const backend = many()
  backend.fail('list_credentials', new UserError({ kind: 'store', message: 'the database failed' }))
  const { user } = show(backend, '/accounts')
  expect(await screen.findByText(/the database failed/)).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Try again' }))
  expect(await screen.findByRole('button', { name: 'Alpha' })).toBeVisible()
})

test('a thousand accounts put only those in sight into the page', async () => {
  const accounts = Array.from({ length: 1000 }, (_, it) =>
    account({ id: `a${it}`, name: `Account ${String(it).padStart(4, '0')}` }),
  )
  show(createBackend(accounts), '/accounts')
  expect(await screen.findByText('1,000 accounts')).toBeVisible()
  expect(screen.getByRole('table')).toHaveAttribute('aria-rowcount', '1001')
  await waitFor(() => expect(rows().length).toBeGreaterThan(5))
  expect(rows().length).toBeLessThan(60)
})

test('the page speaks Chinese', async () => {
  show(many(), '/accounts', 'zh')
  expect(await screen.findByRole('heading', { name: '账户' })).toBeVisible()
  expect(screen.getByText('冷却中', { selector: '.badge' })).toBeVisible()
})
