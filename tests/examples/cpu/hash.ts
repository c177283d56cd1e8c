import { createHash } from 'node:crypto';

export function hash(text: string, rounds: number): string {
  let value = text;
  for (let i = 0; i < rounds; i++) value = createHash('sha256').update(value).digest('hex');
  return value;
}
