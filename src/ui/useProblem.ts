// Field errors of a schema or of the program, in the reader's language.
import { useTranslation } from 'react-i18next'

import { readProblem } from '../lib/problem'

export function useProblem(): (text: string | undefined) => string | undefined {
  const { i18n } = useTranslation()
  return (text) => {
    const found = text === undefined ? null : readProblem(text)
    return found ? i18n.t(found[0] as 'common:required', found[1]) : text
  }
}
