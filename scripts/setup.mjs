import { install } from './tools.mjs';

await install();
