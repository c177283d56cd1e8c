import { defineTask } from '@flowrra/core';

export const greet = defineTask<(name: string) => void>('greet');
