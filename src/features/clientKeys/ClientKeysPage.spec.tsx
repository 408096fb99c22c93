import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'

import { clientKey, createBackend } from '../../testing/backend'
import { show } from '../../testing/render'

test('a new key is shown once, and its limits are sent', async () => {
  const backend = createBackend()
  const { user } = show(backend, '/client-keys')
  await user.click((await screen.findAllByRole('button', { name: 'Create key' }))[0] as HTMLElement)
  const dialog = await screen.findByRole('dialog', { name: 'Create a client key' })
  await user.type(within(dialog).getByRole('textbox', { name: 'Name' }), 'CI')
  await user.type(within(dialog).getByRole('textbox', { name: 'Requests at once' }), '3')
  const cost = within(dialog).getByRole('textbox', { name: 'Cost a day ($)' })
  await user.type(cost, 'much')
  await user.tab()
  await waitFor(() => expect(cost).toBeInvalid())
  await user.clear(cost)
  await user.type(cost, '2.50')
  await user.click(within(dialog).getByRole('button', { name: 'Create key' }))
  const secret = await screen.findByRole('dialog', { name: 'Your new key' })
  expect(within(secret).getByText('dpk_0123456789abcdef')).toBeVisible()
  await user.click(within(secret).getByRole('button', { name: 'I have copied it' }))
  expect(screen.queryByText('dpk_0123456789abcdef')).not.toBeInTheDocument()
  expect(backend.calls.find((it) => it.method === 'create_client_key')?.params).toMatchObject({
    name: 'CI',
    binding: '',
    limits: { concurrency: 3, daily_cost: 2.5, total_tokens: null },
  })
})

test('a stale edit is refused with what changed', async () => {
  const backend = createBackend()
  backend.clientKeys = [clientKey({ binding: 'group:fast?fallback' })]
  const { user } = show(backend, '/client-keys')
  expect(await screen.findByText(/Group fast \(Fall back/)).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'More actions for Laptop' }))
  await user.click(await screen.findByRole('menuitem', { name: 'Edit' }))
  const name = screen.getByRole('textbox', { name: 'Name' })
  await user.clear(name)
  await user.type(name, 'Mine')
  backend.clientKeys = [clientKey({ name: 'Theirs', revision: 2 })]
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(screen.getByRole('cell', { name: 'Theirs' })).toBeVisible())
  expect(backend.clientKeys[0]?.name).toBe('Theirs')
})

test('a key is switched off, rotated and deleted, the last two after a question', async () => {
  const backend = createBackend()
  backend.clientKeys = [clientKey()]
  const { user } = show(backend, '/client-keys')
  const act = async (item: string) => {
    await user.click(await screen.findByRole('button', { name: 'More actions for Laptop' }))
    await user.click(await screen.findByRole('menuitem', { name: item }))
  }
  await act('Disable')
  await waitFor(() => expect(screen.getByText('Off')).toBeVisible())
  await act('Rotate')
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Rotate' }))
  expect(await screen.findByText('dpk_rotated')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'I have copied it' }))
  await act('Delete')
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete' }))
  await waitFor(() => expect(backend.clientKeys).toHaveLength(0))
})
