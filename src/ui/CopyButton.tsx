// Copies a text and says that it did.
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Button, type ButtonProps } from './Button'

type State = 'ready' | 'copied' | 'failed'

export function CopyButton({
  text,
  label,
  ...rest
}: { text: string; label?: string } & Pick<ButtonProps, 'variant' | 'small'>) {
  const { t } = useTranslation('common')
  const [state, setState] = useState<State>('ready')
  useEffect(() => {
    if (state === 'ready') return
    const timer = setTimeout(() => setState('ready'), 2500)
    return () => clearTimeout(timer)
  }, [state])
  const copy = () => {
    copyText(text).then(
      () => setState('copied'),
      () => setState('failed'),
    )
  }
  return (
    <>
      <Button {...rest} icon={state === 'copied' ? 'check' : 'copy'} onClick={copy}>
        {state === 'copied' ? t('copied') : (label ?? t('copy'))}
      </Button>
      <span role="status" className={state === 'failed' ? 'wrong' : 'sr'}>
        {state === 'copied' ? t('copied') : state === 'failed' ? t('copyFailed') : ''}
      </span>
    </>
  )
}

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text)
    return
  }
  throw new Error('no clipboard')
}

/** A text to be copied as it stands. */
export function CodeBlock({ label, text }: { label: string; text: string }) {
  return (
    <figure className="code">
      <figcaption className="row between">
        <span>{label}</span>
        <CopyButton text={text} small variant="ghost" />
      </figcaption>
      {/* A long line scrolls inside, also by keyboard. */}
      <pre tabIndex={0} role="region" aria-label={label}>
        <code>{text}</code>
      </pre>
    </figure>
  )
}
