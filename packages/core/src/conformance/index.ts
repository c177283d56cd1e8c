export { BROKER_STEPS_POLICY, type BrokerStep, checkBrokerSteps } from './broker/check-broker-steps.js';
export {
  type BrokerNeed,
  type BrokerSettings,
  type BrokerSubject,
  type BrokerWorld,
  describeBroker,
} from './broker/describe-broker.js';
export {
  describeResultBackend,
  type ResultBackendNeed,
  type ResultBackendSettings,
  type ResultBackendSubject,
  type ResultBackendWorld,
} from './result-backend/describe-result-backend.js';
export {
  createSuite,
  type DefinePromise,
  type PromiseOptions,
  required,
  type SuitePlan,
  type TestRunner,
} from './suite.js';
export { checkTaskStoreSteps, type TaskStoreStepsWorld } from './task-store/check-task-store-steps.js';
export {
  describeTaskStore,
  type TaskStoreNeed,
  type TaskStoreSettings,
  type TaskStoreSubject,
  type TaskStoreWorld,
} from './task-store/describe-task-store.js';
export type { TaskStoreModel, TaskStoreModelOptions } from './task-store/task-store-model.js';
export type { TaskStoreStep } from './task-store/task-store-step.js';
