import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'

import { UserError } from '../../api/errors'
import { account, createBackend } from '../../testing/backend'
import { show } from '../../testing/render'

test('pasted keys are counted, duplicates and malformed lines are marked, good ones are sent', async () => {
  const backend = createBackend()
  const { user } = show(backend, '/accounts/new')
  await user.click(await screen.findByRole('tab', { name: 'API keys' }))
  const box = screen.getByRole('textbox', { name: /API keys, one a line/ })
  await user.click(box)
  await user.paste('fk-aaaaaaaa1111\nfk-bbbbbbbb2222\nfk-aaaaaaaa1111\nfk with space\nshort')
  expect(screen.getByText('2 keys to add')).toBeVisible()
  expect(screen.getByText('Line 3: …1111 is line 1 again')).toBeVisible()
  expect(screen.getByText('Line 4: there is a space in …pace')).toBeVisible()
  expect(screen.getByText('Line 5: too short for a key')).toBeVisible()
  await user.type(screen.getByRole('textbox', { name: /Name/ }), 'Pool')
  await user.click(screen.getByRole('button', { name: 'Add account' }))
  expect(await screen.findByText('2 keys were added to Pool')).toBeVisible()
  const call = backend.calls.find((it) => it.method === 'create_credential')
  expect(call?.params).toMatchObject({
    auth_type: 'api_key',
    config: { name: 'Pool', api_keys: ['fk-aaaaaaaa1111', 'fk-bbbbbbbb2222'] },
  })
})

test('a failed save keeps what was typed', async () => {
  const backend = createBackend()
  backend.fail(
    'create_credential',
    new UserError({ kind: 'refresh_failed', message: 'no connection' }),
  )
  const { user } = show(backend, '/accounts/new')
  await user.click(await screen.findByRole('tab', { name: 'Refresh token' }))
  const token = screen.getByLabelText('Refresh token', { selector: 'input' })
  expect(token).toHaveAttribute('type', 'password')
  await user.type(token, 'rt-0123456789')
  await user.click(screen.getByRole('button', { name: 'Add account' }))
  expect(await screen.findByText('no connection')).toBeVisible()
  expect(token).toHaveValue('rt-0123456789')
})

test('a wrong field is marked where it is, by us and by the program', async () => {
  const backend = createBackend()
  backend.fail(
    'create_credential',
    new UserError({ kind: 'invalid', message: 'config.groups: no such group', field: 'config.groups' }),
  )
  const { user } = show(backend, '/accounts/new')
  await user.click(await screen.findByRole('tab', { name: 'API keys' }))
  await user.click(screen.getByRole('textbox', { name: /API keys/ }))
  await user.paste('fk-aaaaaaaa1111')
  await user.click(screen.getByText('More options'))
  const priority = screen.getByRole('textbox', { name: 'Priority' })
  await user.clear(priority)
  await user.type(priority, '101')
  await user.tab()
  expect(await screen.findByText('From 0 to 100')).toBeVisible()
  expect(priority).toHaveAccessibleDescription(/From 0 to 100/)
  await user.clear(priority)
  await user.type(priority, '0')
  await user.click(screen.getByRole('button', { name: 'Add account' }))
  const groups = screen.getByRole('textbox', { name: /Groups/ })
  await waitFor(() => expect(groups).toBeInvalid())
})

test('a device sign-in shows its code and goes on by itself', async () => {
  const backend = createBackend([account()])
  backend.polls = [
    { state: 'pending', interval: 1 },
    { state: 'done', credential_id: 'a1' },
  ]
  const { user } = show(backend, '/accounts/new')
  await user.click(await screen.findByRole('button', { name: 'Begin sign-in' }))
  expect(await screen.findByText('ABCD-EFGH')).toBeVisible()
  expect(screen.getByRole('link', { name: 'Open the sign-in page' })).toHaveAttribute(
    'href',
    'https://auth.example/device',
  )
  expect(await screen.findByText(/Signed in/, {}, { timeout: 4000 })).toBeVisible()
})

test('an expired code offers to start over', async () => {
  const backend = createBackend()
  backend.polls = [{ state: 'expired' }]
  const { user } = show(backend, '/accounts/new')
  await user.click(await screen.findByRole('button', { name: 'Begin sign-in' }))
  expect(await screen.findByText('The code has expired.')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Start over' }))
  expect(screen.getByRole('button', { name: 'Begin sign-in' })).toBeVisible()
})

test('a browser sign-in takes the pasted address', async () => {
  const backend = createBackend([account()])
  const { user } = show(backend, '/accounts/new')
  await user.selectOptions(await screen.findByRole('combobox', { name: 'How to sign in' }), 'pkce')
  await user.click(screen.getByRole('button', { name: 'Begin sign-in' }))
  const address = await screen.findByRole('textbox', { name: 'The address you were sent to' })
  await user.type(address, 'http://localhost/nothing')
  expect(address).toBeInvalid()
  await user.clear(address)
  await user.type(address, 'http://localhost:8787/callback?code=1&state=2')
  await user.click(screen.getByRole('button', { name: 'Finish sign-in' }))
  await waitFor(() =>
    expect(backend.calls.at(-1)?.method === 'get_credential' || backend.calls.some((it) => it.method === 'complete_login')).toBe(true),
  )
  expect(await screen.findByRole('heading', { name: 'Team' })).toBeVisible()
})
