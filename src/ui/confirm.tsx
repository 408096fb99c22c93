// Asks before something that cannot be taken back.
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Button } from './Button'
import { Dialog } from './Dialog'

export interface Question {
  title: string
  body: ReactNode
  /** What the button that goes on says; a verb. */
  action: string
  danger?: boolean
}

type Ask = (question: Question) => Promise<boolean>

const Context = createContext<Ask>(() => Promise.resolve(false))

export function useConfirm(): Ask {
  return useContext(Context)
}

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation('common')
  const [open, setOpen] = useState<{ question: Question; answer: (yes: boolean) => void } | null>(
    null,
  )
  const ask = useCallback<Ask>(
    (question) => new Promise((answer) => setOpen({ question, answer })),
    [],
  )
  const settle = (yes: boolean) => {
    open?.answer(yes)
    setOpen(null)
  }
  return (
    <Context.Provider value={useMemo(() => ask, [ask])}>
      {children}
      {open ? (
        <Dialog
          title={open.question.title}
          onClose={() => settle(false)}
          footer={
            <>
              <Button onClick={() => settle(false)}>{t('cancel')}</Button>
              <Button
                variant={open.question.danger === false ? 'primary' : 'danger'}
                onClick={() => settle(true)}
              >
                {open.question.action}
              </Button>
            </>
          }
        >
          {open.question.body}
        </Dialog>
      ) : null}
    </Context.Provider>
  )
}
