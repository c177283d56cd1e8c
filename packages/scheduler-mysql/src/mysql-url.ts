import { readServerUrl, type ServerUrlForm } from '@flowrra/scheduler/sql';
import type { ConnectionOptions } from 'mysql2';

const FORM: ServerUrlForm = {
  engine: 'MySQL',
  schemes: ['mysql', 'mariadb'],
  defaultPort: 3306,
  example: 'mysql://user:password@localhost:3306/app?ssl=true',
  parameters: {
    ssl: /^(true|false)$/,
    // The path of a Unix socket.
    socket: /^\/./,
  },
};

/**
 * Reads `mysql://` or `mariadb://[user[:password]@][host][:port]/database`, with the parameters `ssl` and `socket` (the
 * path of a Unix socket). `ssl=true` verifies the server's certificate; no address switches that off, and none of the
 * driver's own options can be set by an address.
 * @returns the same in the words of mysql2
 * @throws InvalidUrlError naming what is wrong, never the password
 */
export function parseMySQLUrl(url: string): ConnectionOptions & { host: string; port: number; database: string } {
  const { host, port, database, user, password, parameters } = readServerUrl(url, FORM);
  return {
    host,
    port,
    database,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(parameters.ssl === 'true' && { ssl: { rejectUnauthorized: true } }),
    ...(parameters.socket !== undefined && { socketPath: parameters.socket }),
  };
}
