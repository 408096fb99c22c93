// A box for many keys that says at once what it makes of them.
import { useTranslation } from 'react-i18next'

import { type PastedKey, readKeys, tailOf } from '../../lib/keys'
import { TextArea } from '../../ui/Field'

const MOST_SHOWN = 8

export function goodKeys(found: readonly PastedKey[]): string[] {
  return found.filter((it) => it.state === 'ok').map((it) => it.key)
}

export function KeyPaste({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const { t } = useTranslation('accounts')
  const found = readKeys(text)
  const good = goodKeys(found).length
  const duplicates = found.filter((it) => it.state === 'duplicate').length
  const malformed = found.filter((it) => it.state === 'malformed').length
  const problems = found.filter((it) => it.state !== 'ok')
  return (
    <div className="stack-2">
      <TextArea
        label={t('keysLabel')}
        help={t('keysHelp')}
        rows={6}
        className="mono"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      <div aria-live="polite" className="stack-1">
        <div className="row wrap">
          <strong>{t('keysCount', { count: good })}</strong>
          {duplicates > 0 ? (
            <span className="muted">{t('keysDuplicates', { n: duplicates })}</span>
          ) : null}
          {malformed > 0 ? <span className="wrong">{t('keysMalformed', { n: malformed })}</span> : null}
        </div>
        {problems.length > 0 ? (
          <ul className="small plain">
            {problems.slice(0, MOST_SHOWN).map((it, index) => (
              <li key={index} className={it.state === 'malformed' ? 'wrong' : 'muted'}>
                <Problem it={it} />
              </li>
            ))}
            {problems.length > MOST_SHOWN ? (
              <li className="muted">{t('keysMore', { n: problems.length - MOST_SHOWN })}</li>
            ) : null}
          </ul>
        ) : null}
      </div>
    </div>
  )
}

function Problem({ it }: { it: PastedKey }) {
  const { t } = useTranslation('accounts')
  const fill = { line: it.line, tail: tailOf(it.key) }
  switch (it.state) {
    case 'ok':
      return null
    case 'duplicate':
      return <>{t('keysProblem_duplicate', { ...fill, of: it.of })}</>
    case 'malformed':
      return <>{t(`keysProblem_${it.why}`, fill)}</>
  }
}
