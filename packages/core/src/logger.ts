/** What Flowrra logs to: the shape of a pino logger. */
export interface Logger {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

const nothing = (): void => {};

/** Without a logger of the user's own, warnings and errors go to the console, the rest nowhere. */
export const consoleLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: (data, message) => console.warn(`flowrra: ${message}`, data),
  error: (data, message) => console.error(`flowrra: ${message}`, data),
};

/** The data of a log line with more fields; an error, which pino takes as data too, becomes `err`. */
export function withFields(fields: object, data: object): object {
  return data instanceof Error ? { ...fields, err: data } : { ...fields, ...data };
}
