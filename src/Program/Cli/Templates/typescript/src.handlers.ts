// What this member does: plain functions, which tests call without a server.
import { Member, Strata } from '@strata/client';

export interface Letter { name?: string; text?: string }

const strata = new Strata(); // STRATA_URL and STRATA_TOKEN, or the cloud that runs on this machine

export const member = new Member(strata, { tags: ['$name$'] })
  // Gets the entity's data and returns its new data. What it writes with strata meanwhile is part of the same transaction.
  .processor<Letter>('greet', letter => ({ ...letter, text: `Hello ${letter.name ?? 'you'}` }))
  .criterion<Letter>('has-name', letter => Boolean(letter.name));
