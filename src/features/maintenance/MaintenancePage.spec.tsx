import { screen, waitFor, within } from '@testing-library/react'
import { expect, test } from 'vitest'

import { UserError } from '../../api/errors'
import { createBackend } from '../../testing/backend'
import { show } from '../../testing/render'

const CHECKS = [
  { name: 'database', state: 'ok' as const, message: 'whole' },
  {
    name: 'clock',
    state: 'wrong' as const,
    message: '400 s off Factory\'s',
    hint: 'set the clock (timedatectl set-ntp true): tokens would look too old or new',
  },
  {
    name: 'account',
    state: 'warning' as const,
    message: '`Ada` rests for 30 s',
    hint: "wait, or lift it: droid-provider-cli accounts reset 'Ada'",
  },
]

const cells = (table: HTMLElement) =>
  within(table)
    .getAllByRole('row')
    .slice(1)
    .map((row) => within(row).getAllByRole('cell').map((it) => it.textContent))

test('the checks are run on demand, and tell the worst first with what to do', async () => {
  const backend = createBackend()
  backend.checks = CHECKS
  const { user } = show(backend, '/maintenance')
  const run = await screen.findByRole('button', { name: 'Run the checks' })
  expect(backend.calls.some((it) => it.method === 'doctor')).toBe(false)
  await user.click(screen.getByRole('switch', { name: 'Without the network' }))
  await user.click(run)
  expect(await screen.findByText('1 thing is wrong')).toBeVisible()
  expect(screen.getByText('1 thing wants a look.')).toBeVisible()
  expect(backend.calls.find((it) => it.method === 'doctor')?.params).toEqual({ offline: true })
  expect(cells(screen.getByRole('table', { name: 'Check-up' }))).toEqual([
    ['Wrong', 'Clock', `${CHECKS[1]?.message}What to do: ${CHECKS[1]?.hint}`],
    ['Look at it', 'Account', `${CHECKS[2]?.message}What to do: ${CHECKS[2]?.hint}`],
    ['OK', 'Database', 'whole'],
  ])
  // Mended meanwhile.
  backend.checks = CHECKS.slice(0, 1)
  await user.click(screen.getByRole('button', { name: 'Run them again' }))
  expect(await screen.findByText('Nothing is wrong')).toBeVisible()
})

test('checks that cannot be run say why', async () => {
  const backend = createBackend()
  backend.fail('doctor', new UserError({ kind: 'transport', message: 'the line is dead' }))
  const { user } = show(backend, '/maintenance')
  await user.click(await screen.findByRole('button', { name: 'Run the checks' }))
  expect(await screen.findByRole('alert')).toHaveTextContent('the line is dead')
})

test('what the doctor says is said in Chinese where it is known, and in English where not', async () => {
  const backend = createBackend()
  backend.checks = [...CHECKS, { name: 'proxy', state: 'wrong', message: 'something new' }]
  const { user } = show(backend, '/maintenance', 'zh')
  await user.click(await screen.findByRole('button', { name: '开始检查' }))
  const table = await screen.findByRole('table', { name: '体检' })
  expect(cells(table).map((it) => [it[1], it[2]])).toEqual([
    ['时钟', '与 Factory 相差 400 秒如何处理： 校准时钟（timedatectl set-ntp true），否则令牌会显得过旧或过新'],
    ['代理', 'something new'],
    ['账户', "“Ada”冷却中，还有 30 秒如何处理： 等待，或解除：droid-provider-cli accounts reset 'Ada'"],
    ['数据库', '完好'],
  ])
  expect(within(table).getByText('something new')).toHaveAttribute('lang', 'en')
  expect(within(table).getByText("等待，或解除：droid-provider-cli accounts reset 'Ada'")).toBeVisible()
})

test('a backup is made, listed with its size, and removed after a question', async () => {
  const backend = createBackend()
  backend.backups = [
    { name: 'upgrade-2.db', bytes: 900, created_at: '2026-11-01T10:00:00Z', reason: 'upgrade' },
  ]
  const { user } = show(backend, '/maintenance')
  const table = await screen.findByRole('table', { name: 'Backups' })
  expect(cells(table)[0]?.slice(2, 4)).toEqual(['900 bytes', 'Before an upgrade'])
  await user.click(screen.getByRole('button', { name: 'Back up now' }))
  expect(await screen.findByText('asked-2.db was written (1.2 MB)')).toBeVisible()
  await waitFor(() => expect(cells(table)).toHaveLength(2))
  // The command names the newest.
  expect(screen.getByText('droid-provider-cli restore asked-2.db')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Remove upgrade-2.db' }))
  const dialog = await screen.findByRole('dialog', { name: 'Remove upgrade-2.db?' })
  await user.click(within(dialog).getByRole('button', { name: 'Cancel' }))
  expect(backend.backups).toHaveLength(2)
  await user.click(screen.getByRole('button', { name: 'Remove upgrade-2.db' }))
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Remove' }))
  await waitFor(() => expect(cells(table).map((it) => it[0])).toEqual(['asked-2.db']))
})

test('without a backup it says so, and one that cannot be made says why', async () => {
  const backend = createBackend()
  const { user } = show(backend, '/maintenance')
  expect(await screen.findByText('No backup yet')).toBeVisible()
  backend.fail('backup', new UserError({ kind: 'store', message: 'the disk is full' }))
  await user.click(screen.getByRole('button', { name: 'Back up now' }))
  expect(await screen.findByText('the disk is full')).toBeVisible()
  expect(screen.getByText('No backup yet')).toBeVisible()
})
