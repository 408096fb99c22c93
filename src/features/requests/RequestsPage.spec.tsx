import { screen, waitFor } from '@testing-library/react'
import { expect, test } from 'vitest'

import { account, createBackend, loggedRequest } from '../../testing/backend'
import { show } from '../../testing/render'

test('a request is listed with how it went, and opens on its life', async () => {
  const backend = createBackend([account()])
  backend.requests = [
    loggedRequest({
      id: 'req_2',
      outcome: 'error:rate',
      status: 429,
      attempts: [
        { credential_id: 'a1', status: 503, class: 'transient', latency_ms: 40 },
        { credential_id: 'a1', status: 429, class: 'rate', latency_ms: 20 },
      ],
      skipped: [{ reason: 'cooling', accounts: 3 }],
    }),
  ]
  const { user } = show(backend, '/requests')
  expect(await screen.findByText('2 attempts')).toBeVisible()
  expect(screen.getByText('too many requests')).toBeVisible()
  await user.click(screen.getByRole('button', { name: /:/ }))
  expect(await screen.findByRole('heading', { name: 'Attempts' })).toBeVisible()
  expect(screen.getByText('passing fault')).toBeVisible()
  expect(screen.getByText('3 accounts')).toBeVisible()
})

test('filters are asked of the program', async () => {
  const backend = createBackend([account()])
  backend.requests = [loggedRequest()]
  const { user } = show(backend, '/requests')
  await screen.findByText('1 request shown')
  await user.selectOptions(screen.getByRole('combobox', { name: 'Outcome' }), 'truncated')
  await waitFor(() =>
    expect(backend.calls.filter((it) => it.method === 'list_requests').at(-1)?.params).toMatchObject({
      outcome: 'truncated',
    }),
  )
})

test('of a hundred thousand requests only those in sight are in the page', async () => {
  const backend = createBackend()
  backend.requests = Array.from({ length: 100_000 }, (_, it) => loggedRequest({ id: `req_${it}` }))
  backend.pageSize = 100_000
  show(backend, '/requests')
  expect(await screen.findByText('100,000 requests shown', {}, { timeout: 120_000 })).toBeVisible()
  await waitFor(() => expect(screen.getAllByRole('row').length).toBeGreaterThan(5))
  expect(screen.getAllByRole('row').length).toBeLessThan(60)
})
