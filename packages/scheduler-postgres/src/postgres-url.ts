import { readServerUrl, type ServerUrlForm } from '@flowrra/scheduler/sql';
import type { PoolConfig } from 'pg';

const FORM: ServerUrlForm = {
  engine: 'PostgreSQL',
  schemes: ['postgresql', 'postgres'],
  defaultPort: 5432,
  example: 'postgresql://user:password@localhost:5432/app?sslmode=require',
  parameters: {
    sslmode: /^(disable|require|verify-full)$/,
    application_name: /^[\w .:-]{1,63}$/,
    // The folder of a Unix socket.
    host: /^\/./,
  },
};

/**
 * Reads `postgresql://[user[:password]@][host][:port]/database`, with the parameters `sslmode`, `application_name` and
 * `host` (the folder of a Unix socket). Both `require` and `verify-full` verify the server's certificate: no address
 * switches that off.
 * @returns the same in the words of pg
 * @throws InvalidUrlError naming what is wrong, never the password
 */
export function parsePostgresUrl(url: string): PoolConfig & { host: string; port: number; database: string } {
  const { host, port, database, user, password, parameters } = readServerUrl(url, FORM);
  const { sslmode, application_name } = parameters;
  return {
    host: parameters.host ?? host,
    port,
    database,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(sslmode !== undefined && { ssl: sslmode === 'disable' ? false : { rejectUnauthorized: true } }),
    application_name: application_name ?? 'flowrra-scheduler',
  };
}
