// A sign-in under way: a code to enter elsewhere, or an address to bring back.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { isTransport, type UserError } from '../../api/errors'
import { useClient, useStale, useWrite } from '../../api/hooks'
import type { LoginStarted, LoginState } from '../../api/shapes'
import { Button } from '../../ui/Button'
import { CopyButton } from '../../ui/CopyButton'
import { TextField } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { Failure, Notice } from '../../ui/Notice'
import { Countdown } from '../../ui/Time'

interface Props {
  login: LoginStarted
  began: number
  onDone: (id: string) => void
  onOver: () => void
}

export function LoginRunning(props: Props) {
  return props.login.flow === 'device' ? <Device {...props} /> : <Pkce {...props} />
}

function Device({ login, began, onDone, onOver }: Props) {
  const { t } = useTranslation(['accounts', 'common'])
  const cancel = useWrite('cancel_login')
  const poll = usePoll(login)
  const it = poll.data
  if (it?.state === 'done') {
    return (
      <Notice
        tone="ok"
        title={t('state_done')}
        action={
          <Button variant="primary" onClick={() => onDone(it.credential_id)}>
            {t('details')}
          </Button>
        }
      />
    )
  }
  if (it?.state === 'expired' || it?.state === 'denied') {
    return <Notice tone="bad" title={t(`state_${it.state}`)} action={<Again onOver={onOver} />} />
  }
  if (poll.error && !isTransport(poll.error)) {
    return (
      <Notice tone="bad" title={t('common:failed')} action={<Again onOver={onOver} />}>
        {poll.error.message}
      </Notice>
    )
  }
  const stop = () => {
    cancel.mutate({ login_id: login.login_id })
    onOver()
  }
  return (
    <div className="stack-4 center">
      <p className="strong">{t('codeTitle')}</p>
      <output className="code-large">{login.user_code}</output>
      <div className="row wrap">
        <CopyButton text={login.user_code ?? ''} />
        <OpenPage to={login.verification_uri_complete ?? login.verification_uri} primary />
        <CopyButton text={login.verification_uri} label={hostOf(login.verification_uri)} />
      </div>
      <p className="muted">{t('codeHelp')}</p>
      <p>
        <span className="spinner" aria-hidden="true" /> <span role="status">{t('waiting')}</span>
        {' · '}
        {t('timeLeft')} <Countdown until={began + login.expires_in * 1000} />
      </p>
      {poll.error ? <Notice tone="warn" title={poll.error.message} /> : null}
      <Button onClick={stop}>{t('common:cancel')}</Button>
    </div>
  )
}

function Pkce({ login, began, onDone, onOver }: Props) {
  const { t } = useTranslation(['accounts', 'common'])
  const complete = useWrite('complete_login', { timeoutMs: 60_000 })
  const cancel = useWrite('cancel_login')
  const [address, setAddress] = useState('')
  const bad = address.trim() !== '' && !/code=/.test(address)
  const finish = () =>
    complete.mutate(
      { login_id: login.login_id, callback_url: address.trim() },
      { onSuccess: (it) => (it.state === 'done' ? onDone(it.credential_id) : onOver()) },
    )
  const stop = () => {
    cancel.mutate({ login_id: login.login_id })
    onOver()
  }
  return (
    <form
      className="stack-4"
      onSubmit={(event) => {
        event.preventDefault()
        finish()
      }}
    >
      <p>{t('pkceHelp')}</p>
      <div className="row wrap">
        <OpenPage to={login.verification_uri} primary />
        <CopyButton text={login.verification_uri} />
        <span className="muted">
          {t('timeLeft')} <Countdown until={began + login.expires_in * 1000} />
        </span>
      </div>
      <TextField
        label={t('callback')}
        autoComplete="off"
        spellCheck={false}
        placeholder="http://localhost:8787/callback?code=…&state=…"
        value={address}
        onChange={(event) => setAddress(event.target.value)}
        error={bad ? t('callbackBad') : null}
      />
      {complete.error ? (
        <Failure title={t('common:failed')} error={complete.error} />
      ) : null}
      <div className="row wrap">
        <Button
          type="submit"
          variant="primary"
          busy={complete.isPending}
          disabledReason={address.trim() === '' || bad ? t('callbackBad') : null}
        >
          {t('finish')}
        </Button>
        <Button onClick={stop}>{t('common:cancel')}</Button>
      </div>
    </form>
  )
}

/** Asks as often as the program allows, until the sign-in is over. */
function usePoll(login: LoginStarted) {
  const client = useClient()
  const stale = useStale()
  return useQuery<LoginState, UserError>({
    queryKey: ['poll_login', login.login_id],
    queryFn: async ({ signal }) => {
      const answer = await client.call('poll_login', { login_id: login.login_id }, { signal })
      if (answer.state === 'done') await stale(['list_credentials', 'get_credential'])
      return answer
    },
    refetchInterval: (query) => {
      const data = query.state.data
      if (query.state.error && !isTransport(query.state.error)) return false
      if (data && data.state !== 'pending') return false
      return Math.max(1, data?.interval ?? login.interval) * 1000
    },
    // A person signs in on another page meanwhile: go on while this one is hidden.
    refetchIntervalInBackground: true,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
}

function OpenPage({ to, primary }: { to: string; primary?: boolean }) {
  const { t } = useTranslation('accounts')
  return (
    <a className={primary ? 'btn btn-primary' : 'btn'} href={to} target="_blank" rel="noreferrer">
      <Icon name="open" /> <span>{t('openPage')}</span>
    </a>
  )
}

function Again({ onOver }: { onOver: () => void }) {
  const { t } = useTranslation('accounts')
  return <Button onClick={onOver}>{t('startOver')}</Button>
}

function hostOf(address: string): string {
  try {
    return new URL(address).host
  } catch {
    return address
  }
}
