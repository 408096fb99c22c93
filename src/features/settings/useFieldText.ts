// A configuration key's title and meaning in the reader's language. English comes from the program.
import { useTranslation } from 'react-i18next'

import { CONFIG_ZH } from './configZh'
import type { ConfigField } from './settingsModel'

export function useFieldText(): (field: ConfigField) => { title: string; about: string } {
  const { i18n } = useTranslation()
  return (field) => {
    const zh = i18n.language === 'zh' ? CONFIG_ZH[field.path] : undefined
    // Shown apart, for every language alike.
    const about = field.about.replace(/\s*Needs a restart\./i, '')
    return zh ? { title: zh[0], about: zh[1] } : { title: field.title, about }
  }
}
