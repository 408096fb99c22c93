import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'

import { createBackend } from '../../testing/backend'
import { show } from '../../testing/render'

test('each value shows its meaning, default and bounds, and is checked as it is typed', async () => {
  const backend = createBackend()
  const { user } = show(backend, '/settings')
  const timeout = await screen.findByRole('textbox', { name: 'Idle timeout (ms)' })
  expect(timeout).toHaveAccessibleDescription(/Longest silence.*From 1,000 to 86,400,000.*600,000/)
  await user.clear(timeout)
  await user.type(timeout, '5')
  expect(timeout).toBeInvalid()
  const save = screen.getByRole('button', { name: 'Save' })
  expect(save).toHaveAccessibleDescription('1 value needs attention')
  await user.type(timeout, '000')
  expect(timeout).toBeValid()
  await user.click(save)
  await waitFor(() => expect(backend.config['timeout_ms']).toBe(5000))
  expect(backend.calls.find((it) => it.method === 'update_config')?.params['config']).toEqual({
    timeout_ms: 5000,
  })
})

test('what needs a restart says so', async () => {
  const { user } = show(createBackend(), '/settings')
  const listen = await screen.findByRole('textbox', { name: 'Listen address' })
  expect(listen).toHaveAccessibleDescription(/Applies after a restart/)
  await user.type(listen, '0')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  expect(await screen.findByText('Saved. Some of it applies after a restart.')).toBeVisible()
})

test('a stale save shows what changed, and mine is kept on demand', async () => {
  const backend = createBackend()
  const { user } = show(backend, '/settings')
  const timeout = await screen.findByRole('textbox', { name: 'Idle timeout (ms)' })
  await user.clear(timeout)
  await user.type(timeout, '7000')
  backend.config = { ...backend.config, timeout_ms: 9000, revision: 2 }
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() => expect(screen.getByRole('cell', { name: '9000' })).toBeVisible())
  expect(backend.config['timeout_ms']).toBe(9000)
  await user.click(screen.getByRole('button', { name: 'Keep mine and save' }))
  await waitFor(() => expect(backend.config['timeout_ms']).toBe(7000))
})

test('redirects are edited as a table', async () => {
  const backend = createBackend()
  const { user } = show(backend, '/settings')
  await user.click(await screen.findByRole('tab', { name: 'Redirects' }))
  await user.click(screen.getByRole('button', { name: 'Add redirect' }))
  const [, last] = screen.getAllByRole('row').slice(1)
  const [from, to] = within(last as HTMLElement).getAllByRole('textbox')
  await user.type(from as HTMLElement, '*haiku*')
  await user.type(to as HTMLElement, 'claude-x')
  await user.click(screen.getByRole('button', { name: 'Save' }))
  await waitFor(() =>
    expect(backend.config['model_redirects']).toEqual({
      'gpt-5': 'gpt-5-2025-08-07',
      '*haiku*': 'claude-x',
    }),
  )
})
