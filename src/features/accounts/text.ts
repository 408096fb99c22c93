// All that is said of accounts. No two parts have a text of one name: a test looks.
import { add } from './text/add'
import { groups } from './text/groups'
import { list } from './text/list'
import { pool } from './text/pool'
import { transfer } from './text/transfer'

/** Each by itself, for that test. */
export const PARTS = [list, add, transfer, pool, groups] as const

export const accounts = {
  en: { ...list.en, ...add.en, ...transfer.en, ...pool.en, ...groups.en },
  zh: { ...list.zh, ...add.zh, ...transfer.zh, ...pool.zh, ...groups.zh },
}
