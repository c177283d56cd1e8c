import { Flowrra } from '@flowrra/core';

export const app = new Flowrra({ url: 'redis://localhost:6379/0' });
