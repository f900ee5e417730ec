// What this member does: plain functions, which tests call without any server.
import { Member, Strata } from '@strata/client';

interface Letter { name?: string; text?: string }

const strata = new Strata(); // STRATA_URL and STRATA_TOKEN

export const member = new Member(strata, { tags: ['$name$'] })
  // Processors get the entity's data and return what is to become of it. What they write meanwhile is a part of the same transaction.
  .processor<Letter>('greet', letter => ({ ...letter, text: `Hello ${letter.name ?? 'you'}` }))
  .criterion<Letter>('has-name', letter => Boolean(letter.name));
