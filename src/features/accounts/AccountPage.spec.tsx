import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'

import { account, apiKey, createBackend } from '../../testing/backend'
import { show } from '../../testing/render'

const pool = () =>
  createBackend([
    account({
      id: 'a1',
      name: 'Pool',
      auth_type: 'api_key',
      keys: [
        apiKey({ id: 'k1', tail: '…1111' }),
        apiKey({ id: 'k2', tail: '…2222' }),
        apiKey({ id: 'bad', tail: '…3333', status: 'error', error: 'refused three times' }),
      ],
    }),
  ])

test('only what was changed is saved, at the revision it was read', async () => {
  const backend = createBackend([account({ revision: 4 })])
  const { user } = show(backend, '/accounts/a1?tab=edit')
  const name = await screen.findByRole('textbox', { name: /Name/ })
  const save = screen.getByRole('button', { name: 'Save' })
  expect(save).toHaveAccessibleDescription('Nothing was changed')
  await user.clear(name)
  await user.type(name, 'Renamed')
  await user.click(save)
  expect(await screen.findByText('Saved')).toBeVisible()
  expect(backend.calls.find((it) => it.method === 'update_credential')?.params).toEqual({
    credential_id: 'a1',
    revision: 4,
    config: { name: 'Renamed' },
  })
})

test('a stale save shows what changed and overwrites nothing until told to', async () => {
  const backend = createBackend([account()])
  const { user } = show(backend, '/accounts/a1?tab=edit')
  const name = await screen.findByRole('textbox', { name: /Name/ })
  await user.clear(name)
  await user.type(name, 'Mine')
  // Somebody else, meanwhile.
  backend.accounts = [account({ name: 'Theirs', priority: 7, revision: 2 })]
  await user.click(screen.getByRole('button', { name: 'Save' }))
  const table = await screen.findByRole('table')
  await waitFor(() => expect(within(table).getByText('Theirs')).toBeVisible())
  expect(within(table).getByText('Mine')).toBeVisible()
  expect(backend.accounts[0]?.name).toBe('Theirs')
  await user.click(screen.getByRole('button', { name: 'Keep mine and save' }))
  await waitFor(() => expect(backend.accounts[0]?.name).toBe('Mine'))
  expect(backend.accounts[0]?.priority).toBe(7)
})

test('the other way on takes what is there now', async () => {
  const backend = createBackend([account()])
  const { user } = show(backend, '/accounts/a1?tab=edit')
  const name = await screen.findByRole('textbox', { name: /Name/ })
  await user.type(name, ' x')
  backend.accounts = [account({ name: 'Theirs', revision: 2 })]
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(screen.getByRole('cell', { name: 'Theirs' })).toBeVisible())
  await user.click(screen.getByRole('button', { name: 'Take theirs' }))
  await waitFor(() => expect(name).toHaveValue('Theirs'))
})

test('keys are masked, and chosen ones are banned and removed', async () => {
  const backend = pool()
  const { user } = show(backend, '/accounts/a1')
  expect(await screen.findByText('…1111')).toBeVisible()
  const ban = screen.getByRole('button', { name: 'Ban' })
  expect(ban).toHaveAccessibleDescription('Select keys first')
  await user.click(screen.getByRole('checkbox', { name: 'Select key …1111' }))
  await user.click(ban)
  await waitFor(() => expect(screen.getByText('Banned', { selector: '.badge' })).toBeVisible())
  await user.click(screen.getByRole('checkbox', { name: 'Select key …2222' }))
  await user.click(screen.getByRole('button', { name: 'Remove' }))
  const dialog = await screen.findByRole('dialog', { name: 'Remove 1 key?' })
  await user.click(within(dialog).getByRole('button', { name: 'Remove' }))
  expect(await screen.findByText('1 key removed')).toBeVisible()
  await waitFor(() => expect(screen.queryByText('…2222')).not.toBeInTheDocument())
})

test('testing all keys says which are accepted', async () => {
  const { user } = show(pool(), '/accounts/a1')
  await user.click(await screen.findByRole('button', { name: 'Test all' }))
  expect(await screen.findByText('2 of 3 are accepted')).toBeVisible()
  expect(screen.getByText('not accepted')).toBeVisible()
})

test('a proxy is kept, replaced or removed, and its password is never shown', async () => {
  const backend = createBackend([
    account({ has_proxy: true, proxy: 'socks5://user:****@proxy:1080' }),
  ])
  const { user } = show(backend, '/accounts/a1?tab=edit')
  const kind = await screen.findByRole('combobox', { name: 'Proxy kind' })
  expect(kind).toHaveDisplayValue('Leave as it is (socks5://user:****@proxy:1080)')
  await user.selectOptions(kind, 'http')
  await user.type(screen.getByRole('textbox', { name: 'Host' }), 'proxy.example')
  await user.type(screen.getByRole('textbox', { name: 'Port' }), '3128')
  await user.type(screen.getByRole('textbox', { name: 'User (optional)' }), 'me@home')
  await user.type(screen.getByLabelText(/Password/, { selector: 'input' }), 'p:w')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() =>
    expect(backend.calls.find((it) => it.method === 'update_credential')?.params).toMatchObject({
      config: { proxy: 'http://me%40home:p%3Aw@proxy.example:3128' },
    }),
  )
})

test('an account that is not there says so', async () => {
  show(createBackend(), '/accounts/nobody')
  expect(await screen.findByText('There is no such account')).toBeVisible()
})

test('faults and pauses stand where the health does', async () => {
  const strikes = ['2026-11-24T10:00:00Z', '2026-11-24T10:01:00Z']
  const until = new Date(Date.now() + 300_500).toISOString()
  const backend = createBackend([
    account({ strikes, model_cooling: [{ model: 'glm-4.6', until }] }),
  ])
  show(backend, '/accounts/a1')
  expect(await screen.findByText('2 recent credential faults')).toBeVisible()
  expect(screen.getByText('1 model pauses')).toBeVisible()
  expect(await screen.findByText(/^2 of the 3 that would stop it/)).toBeVisible()
  expect(screen.getByText('Each counts for 10 min; a success clears them.')).toBeVisible()
})

test('a key tells of its faults', async () => {
  const backend = createBackend([
    account({ auth_type: 'api_key', keys: [apiKey({ strikes: ['2026-11-24T10:00:00Z'] })] }),
  ])
  show(backend, '/accounts/a1')
  expect(await screen.findByText('1 recent credential fault')).toBeVisible()
})
