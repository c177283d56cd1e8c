export { createTestApp } from './create-test-app.js';
export { ManualClock } from './manual-clock.js';
