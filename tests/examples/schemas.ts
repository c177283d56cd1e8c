import { Flowrra, SchemaError } from '@flowrra/core';
import { z } from 'zod';

const app = new Flowrra();
const resize = app.task(
  'resize',
  { schema: { args: z.tuple([z.string().endsWith('.png'), z.number().int().positive()]), result: z.string() } },
  async (path: string, width: number) => `${path} at ${width}`,
);
await app.start();
console.log(await resize.call(['cat.png', 80]));
await resize.submit(['cat.gif', 80]).catch((err: unknown) => console.log(err instanceof SchemaError)); // true
await app.stop();
